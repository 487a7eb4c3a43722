import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page, Route } from "playwright-core";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startStack, type TestStack } from "../stack.ts";
import { launchChromium } from "./chromium.ts";
import { ask, createKey, getTestUsdc, goTo, signIn, startDeposit, waitForCredit } from "./flow.ts";

/** A wallet that nobody has. */
const STRANGER = `0x${"5a".repeat(20)}`;
let stack: TestStack;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  stack = await startStack({ web: true });
  browser = await launchChromium();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) problems.push(message.text());
  });
  await page.goto(stack.webUrl);
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** One visitor's way through the app; each test goes on where the one before it ended. */
describe("the web app", () => {
  test("behavior: a visitor reads before any script is there, and nothing moves when it comes", async () => {
    const visitor = await (await browser.newContext()).newPage();
    const head = visitor.getByRole("heading", { level: 1, name: "Inference credit you can check." });
    const place = async () => {
      const { x, y } = (await head.boundingBox()) ?? { x: -1, y: -1 };
      return { x, y };
    };
    for (const width of [360, 1440]) {
      await visitor.setViewportSize({ width, height: 900 });
      await visitor.route("**/assets/*.js", (route) => route.abort());
      await visitor.goto(stack.webUrl);
      const before = await place();
      await visitor.unroute("**/assets/*.js");
      await visitor.reload();
      await visitor.getByRole("button", { name: "Sign in" }).first().waitFor();
      expect(await place()).toEqual(before);
    }
    await visitor.context().close();
  });

  test("behavior: a visitor signs in with the dev wallet and has no credit", async () => {
    await signIn(page);
    expect(await spendable()).toBe("0");
  });

  test("behavior: the minimum is told before anything is signed", async () => {
    await goTo(page, "Deposit");
    await getTestUsdc(page);
    await page.getByLabel("Amount in USDC").fill("4.99");
    expect(await page.getByText("The minimum is $5.00.").isVisible()).toBe(true);
  });

  test("behavior: the first deposit opens the account, and survives a reload on its way", async () => {
    await startDeposit(page, { usd: "25", way: "From the wallet" });
    await page
      .getByRole("status")
      .filter({ hasText: /^(On its way|Mined|Done)/ })
      .waitFor();
    await page.reload();
    // Either it was still on its way and is followed to its end, or it had ended and the form is back.
    await page.getByRole("button", { name: /^(Make another deposit|Deposit)/ }).waitFor();
    await page.getByRole("table", { name: "Deposits" }).getByText("$25.00").waitFor();
  });

  test("behavior: the next deposit goes to the open account", async () => {
    await page.reload();
    await startDeposit(page, { usd: "5", way: "From the wallet" });
    await waitForCredit(page);
    await page.getByRole("button", { name: "Make another deposit" }).click();
  });

  test("behavior: a gasless deposit needs a signature only", async () => {
    await startDeposit(page, { usd: "10", way: "Gasless" });
    await waitForCredit(page);
    await page.getByRole("table", { name: "Deposits" }).getByText("Gasless").waitFor();
    await goTo(page, "Overview");
    await expect.poll(spendable).toBe("40");
  });

  test("behavior: a key is shown once and works in the curl line", async () => {
    await goTo(page, "API keys");
    const key = await createKey(page, "laptop");
    expect(key).toMatch(/^sk-infr-/);
    const curl = await page.getByRole("figure", { name: "curl" }).locator("code").innerText();
    expect(curl).toContain(`Bearer ${key}`);
    expect((await runCurl(curl)).status).toBe(200);
    await page.reload();
    await page.getByRole("table", { name: "API keys" }).getByText("laptop").waitFor();
    expect(await page.content()).not.toContain(key);
  });

  test("behavior: a chat streams, tells its cost, and shows up in usage and balance", async () => {
    await goTo(page, "Playground");
    await page.getByRole("button", { name: "Create a playground key" }).click();
    const before = Number(await readBalance());
    const cost = await ask(page, "Say hello");
    expect(Number(cost)).toBeGreaterThan(0);

    await goTo(page, "Usage");
    const row = page.getByRole("table", { name: "Usage" }).getByRole("row").nth(1);
    await row.getByText("OK").first().waitFor();
    expect(await row.locator("data").first().getAttribute("value")).toBe(cost);

    await goTo(page, "Overview");
    await expect.poll(async () => Number(await spendable())).toBeCloseTo(before - Number(cost), 9);
  });

  test("behavior: one prompt goes to several models at once, each with its cost, and one can be stopped", async () => {
    await goTo(page, "Playground");
    await page.getByRole("button", { name: "Compare with another" }).click();
    await page.getByRole("combobox", { name: "Model 2" }).waitFor();
    // One model's answer does not come before it is stopped.
    const isLarge = (route: Route) => (route.request().postDataJSON() as { model: string }).model === "demo/large";
    const hold = (route: Route) => (isLarge(route) ? undefined : route.continue());
    await page.route("**/v1/chat/completions", hold);
    await page.getByLabel("Message").fill("Compare yourselves");
    await page.getByRole("button", { name: "Send" }).click();
    const costOf = (model: string) =>
      page.getByRole("region", { name: model }).last().getByText("Cost").locator("data");
    await costOf("demo/small").waitFor();
    await page.getByRole("button", { name: "Stop demo/large" }).click();
    await page.getByRole("region", { name: "demo/large" }).getByText("Stopped.").waitFor();
    await page.unroute("**/v1/chat/completions", hold);

    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByLabel("Message").fill("Compare yourselves again");
    await page.getByRole("button", { name: "Send" }).click();
    const costs = await Promise.all(["demo/small", "demo/large"].map(exactCost));
    const together = page.getByText("All answers here together:").locator("data");
    await expect.poll(async () => Number(await together.getAttribute("value"))).toBeCloseTo(sum(costs), 9);

    await page.setViewportSize({ width: 360, height: 800 });
    const [first, second] = await Promise.all(
      ["demo/large", "demo/small"].map((model) => page.getByRole("region", { name: model }).boundingBox()),
    );
    expect(second?.y).toBeGreaterThanOrEqual((first?.y ?? 0) + (first?.height ?? 0));
    await page.setViewportSize({ width: 1280, height: 900 });

    async function exactCost(model: string): Promise<number> {
      await costOf(model).waitFor();
      return Number(await costOf(model).getAttribute("value"));
    }
  });

  test("behavior: credit is sent to a wallet that was never here, and shown on both sides", async () => {
    await goTo(page, "Transfer");
    await page.getByLabel("To", { exact: true }).fill("a@b");
    await page.getByLabel("Amount", { exact: true }).fill("1.5");
    await page.getByRole("button", { name: "Review" }).click();
    await page.getByText("Write a name (alice, alice.eth), an e-mail address,").waitFor();
    await page.getByLabel("To", { exact: true }).fill(STRANGER);
    await page.getByRole("button", { name: "Review" }).click();
    await page.getByRole("status").filter({ hasText: "You send $1.50" }).waitFor();
    await page.getByRole("button", { name: "Sign and send" }).click();
    const row = page.getByRole("table", { name: "Transfers" }).getByRole("row").nth(1);
    await row.getByText("Done").waitFor();
    expect(await row.innerText()).toContain("−$1.50");
  });

  test("behavior: a gift code is issued here and redeemed in another browser, once", async () => {
    await goTo(page, "Share");
    await page.getByLabel("Amount").fill("2");
    await page.getByLabel("Message").fill("Happy birthday");
    // The signature arrives, its answer does not: pressed again, it is the same gift, and its code is told.
    const loseAnswer = async (route: Route) => {
      await route.fetch();
      await route.abort();
    };
    await page.route("**/api/gift-codes/*/signature", loseAnswer, { times: 1 });
    await page.getByRole("button", { name: "Sign and issue" }).click();
    await page.getByRole("alert").filter({ hasText: "The API does not answer." }).waitFor();
    await page.getByRole("button", { name: "Sign and issue" }).click();
    const link = await page.getByRole("figure", { name: "Link" }).locator("code").innerText();
    const gifts = page.getByRole("table", { name: "Your gifts" });
    await gifts.getByText("Active").waitFor();
    expect(await gifts.getByRole("row").count()).toBe(2);

    const friend = await (await browser.newContext()).newPage();
    await friend.goto(stack.webUrl);
    await signIn(friend);
    await friend.goto(link);
    await friend.getByRole("button", { name: "Redeem", exact: true }).click();
    await friend.getByRole("status").filter({ hasText: "Happy birthday" }).waitFor();
    await gifts.getByText("Redeemed").waitFor();
    await friend.getByRole("textbox", { name: "Code" }).fill(link.split("gift=")[1] ?? "");
    await friend.getByRole("button", { name: "Redeem", exact: true }).click();
    await friend.getByRole("status").filter({ hasText: "Happy birthday" }).waitFor();
    await goTo(friend, "Overview");
    const balance = friend.getByRole("region", { name: "Balance" }).locator("data").first();
    await expect.poll(() => balance.getAttribute("value")).toBe("2");
    await friend.context().close();
  });

  test("behavior: systems that share credit are compared, sorted and filtered, also for visitors", async () => {
    const visitor = await (await browser.newContext()).newPage();
    await visitor.goto(`${stack.webUrl}/share?category=stablecoin`);
    const table = visitor.getByRole("table", { name: "Who lets you share" });
    await table.getByRole("link", { name: "Lightning Network" }).waitFor();
    expect(await table.getByRole("row").count()).toBe(3);
    await visitor.getByRole("combobox", { name: "Category" }).click();
    await visitor.getByRole("option", { name: "All" }).click();
    const first = () => table.getByRole("link").first().innerText();
    expect(await first()).toBe("Anthropic API credits");
    await table.getByRole("button", { name: "System" }).click();
    expect(await first()).toBe("Wise (formerly TransferWise)");
    const own = table.getByRole("row").filter({ has: visitor.getByRole("link", { name: "infr", exact: true }) });
    expect(await own.getByRole("cell").nth(4).innerText()).toBe("Yes");
    await visitor.context().close();
  });

  test("behavior: whoever signs up through a link is told of to its owner, under another name", async () => {
    await goTo(page, "Referrals");
    await page.getByText("Nobody yet").waitFor();
    const link = await page.getByRole("figure", { name: "Link" }).locator("code").innerText();
    const friend = await (await browser.newContext()).newPage();
    await friend.goto(link.replace(new URL(link).origin, stack.webUrl));
    await friend.waitForURL(`${stack.webUrl}/`);
    await signIn(friend);
    await friend.context().close();
    await page.reload();
    const people = page.getByRole("table", { name: "People" });
    await people.getByText(/^person_/).waitFor();
    expect(await people.getByRole("row").count()).toBe(2);
  });

  test("behavior: an e-mail address is linked with the code that was sent there", async () => {
    await goTo(page, "Settings");
    await page.getByLabel("Link an e-mail address").fill("me@example.com");
    await page.getByRole("button", { name: "Send a code" }).click();
    const code = page.getByLabel("Code sent to me@example.com");
    await code.waitFor();
    await code.fill(await codeSentTo("me@example.com"));
    await page.getByRole("button", { name: "Link", exact: true }).click();
    await page.getByRole("list", { name: "Ways in" }).getByText("me@example.com").waitFor();
    const low = page.getByRole("switch", { name: /^Low balance/ });
    await low.click();
    await expect.poll(() => low.getAttribute("aria-checked")).toBe("false");
  });

  test("behavior: a webhook is told what happens, and what was delivered can be seen and sent again", async () => {
    const heard: string[] = [];
    const server = createServer((request, response) => {
      heard.push(String(request.headers["webhook-id"]));
      request.resume();
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
    await goTo(page, "Notifications");
    await page.getByRole("button", { name: "Add webhook" }).click();
    await page.getByLabel("URL").fill(url);
    await page.getByRole("button", { name: "Add", exact: true }).click();
    const secret = page.getByRole("figure", { name: "Secret" }).locator("code");
    expect(await secret.innerText()).toMatch(/^whsec_/);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: `Deliveries to ${url}` }).click();
    const details = page.getByRole("dialog");
    await details.getByRole("button", { name: "Send a test" }).click();
    const delivered = details.getByRole("list", { name: "Deliveries" }).getByText("Delivered");
    await delivered.waitFor();
    expect(heard).toHaveLength(1);
    await details.getByRole("button", { name: "Send again" }).click();
    await expect.poll(() => heard.length).toBe(2);
    expect(heard[1]).toBe(heard[0]);
    await details.getByRole("button", { name: "Delete" }).click();
    await page.getByText("No webhooks yet").waitFor();
    await new Promise((resolve) => server.close(resolve));
  });

  test("behavior: administrators have a page, and what one proposes another decides on", async () => {
    expect(await page.getByRole("link", { name: "Admin" }).count()).toBe(0);
    const answer = await page.request.get(`${stack.webUrl}/api/account`);
    const { account } = (await answer.json()) as { account: { id: string } };
    const [first, second] = await Promise.all(stack.admins.map(signedInAs));
    if (!first || !second) throw new Error("the stack has two administrators");
    await goTo(first, "Admin");
    await first.getByLabel("Account", { exact: true }).fill(account.id);
    await first.getByLabel("Amount").fill("3");
    await first.getByLabel("Cause").fill("ticket-17");
    await first.getByLabel("Reason").fill("Agreed with the customer.");
    await first.getByRole("button", { name: "Propose" }).click();
    await first.getByRole("button", { name: "Approve ticket-17" }).click();
    await first.getByRole("alert").filter({ hasText: "Another administrator has to approve it." }).waitFor();
    await goTo(second, "Admin");
    await second.getByRole("button", { name: "Reject ticket-17" }).click();
    await second.getByRole("table", { name: "Adjustments" }).getByText("rejected").waitFor();
    const log = second.getByRole("table", { name: "Log" });
    await log.getByText("reject adjustment").waitFor();
    await log.getByText("propose adjustment").waitFor();
    for (const admin of [first, second]) await admin.context().close();
  });

  test("behavior: the browser checks a request's receipt against the chain", async () => {
    await goTo(page, "Usage");
    const row = page.getByRole("table", { name: "Usage" }).getByRole("row").nth(1);
    await row.getByRole("button", { name: /^Details of req_/ }).click();
    const details = page.getByRole("dialog");
    await details.getByText("Completion").waitFor();
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "hidden" });

    // Its batch is built, then settled: until then it says that it is on its way.
    const isVerified = async () => {
      await page.reload();
      await row.getByRole("button", { name: /^Details of req_/ }).click();
      const verify = details.getByRole("button", { name: "Verify" });
      const onItsWay = details.getByText("Not settled yet. Its receipt");
      await verify.or(onItsWay).waitFor();
      if (await onItsWay.isVisible()) return false;
      await verify.click();
      const verified = details.getByText(/^Verified: this charge is in batch \d+/);
      await verified.or(details.getByRole("alert")).waitFor();
      return verified.isVisible();
    };
    await expect.poll(isVerified, { timeout: 30_000 }).toBe(true);
    const checks = details.getByRole("list", { name: "Checks" });
    expect(await checks.getByLabel("Fine").count()).toBeGreaterThan(5);
    expect(await checks.getByLabel("Wrong").count()).toBe(0);
    await page.keyboard.press("Escape");
  });

  test("behavior: reserves are read from the chain, and agree with the books", async () => {
    await goTo(page, "Reserves");
    const chain = page.getByRole("region", { name: "What the chain says" });
    await chain.getByText("Covered", { exact: true }).waitFor();
    expect(await chain.locator("data").first().getAttribute("value")).toBe("40");
    await page.getByRole("region", { name: "What our books say" }).getByText("No difference").waitFor();
    await page.getByRole("button", { name: "Check my account" }).click();
    await page.getByRole("region", { name: "Your part of it" }).getByRole("alert").waitFor();
  });

  test("behavior: a visitor sees what is held and owed, and prices as they change", async () => {
    const visitor = await (await browser.newContext()).newPage();
    await visitor.goto(stack.webUrl);
    const reserves = visitor.getByRole("region", { name: "Reserves" });
    await reserves.getByText("Covered", { exact: true }).waitFor();
    expect(await reserves.locator("data").first().getAttribute("value")).toBe("40");
    const models = visitor.getByRole("table", { name: "Models" });
    const price = () => models.getByRole("row").nth(1).locator("data").first().getAttribute("value");
    const before = await price();
    const sql = postgres(stack.databaseUrl, { max: 1, onnotice: () => {} });
    await sql`update node_models set prompt_nano = prompt_nano * 2 where model = 'demo/small'`;
    await expect.poll(price).toBe(String(Number(before) * 2));
    await sql`update node_models set prompt_nano = prompt_nano / 2 where model = 'demo/small'`;
    await sql.end();
    await visitor.context().close();
  });

  test("behavior: credit that runs low is recharged from what the wallet allows, and not once it is turned off", async () => {
    await goTo(page, "Deposit");
    const recharge = page.getByRole("region", { name: "Automatic recharge" });
    await recharge.getByLabel("When credit falls below").fill("45");
    await recharge.getByLabel("Recharge up to").fill("49");
    await recharge.getByLabel("At most in a month").fill("20");
    expect(await recharge.getByRole("button", { name: "Turn on" }).isDisabled()).toBe(true);
    await recharge.getByRole("button", { name: "Allow exactly $20.00" }).click();
    await recharge.getByRole("status").filter({ hasText: "Done." }).waitFor();
    await recharge.getByRole("button", { name: "Close" }).click();
    await recharge.getByRole("button", { name: "Turn on" }).click();
    await recharge.getByText("At least $5.00 above the other amount").waitFor();
    await recharge.getByLabel("Recharge up to").fill("50");
    await recharge.getByRole("button", { name: "Turn on" }).click();
    await recharge.getByText("On", { exact: true }).waitFor();
    await recharge.getByRole("list", { name: "Recharges" }).getByText("Paid").waitFor();
    await expect.poll(async () => Number(await readBalance())).toBeGreaterThan(49);
    await recharge.getByRole("button", { name: "Turn off" }).click();
    await recharge.getByText("You turned it off.").waitFor();
  });

  test("behavior: what happens in one tab is seen in the other, without asking", async () => {
    const other = await page.context().newPage();
    await other.goto(stack.webUrl);
    const shown = other.getByRole("region", { name: "Balance" }).locator("data").first();
    await shown.waitFor();
    const before = await shown.getAttribute("value");
    await goTo(page, "Playground");
    await ask(page, "And once more");
    await expect.poll(() => shown.getAttribute("value"), { timeout: 10_000 }).not.toBe(before);
    await other.close();
  });

  test("behavior: an API out of reach is said, with a button that tries again", async () => {
    await page.route("**/api/**", (route) => route.abort());
    await goTo(page, "Statements");
    await page.getByRole("alert").filter({ hasText: "The API does not answer." }).waitFor();
    await page.unroute("**/api/**");
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("table", { name: "Statements" }).waitFor();
  });

  test("behavior: models can be sorted, and show who serves them", async () => {
    await goTo(page, "Models");
    const table = page.getByRole("table", { name: "Models" });
    const first = () => table.getByRole("row").nth(1).getByRole("button").innerText();
    await table.getByRole("button", { name: "Prompt" }).click();
    expect(await first()).toBe("demo/small");
    await table.getByRole("button", { name: "Prompt" }).click();
    expect(await first()).toBe("demo/large");
    await table.getByRole("button", { name: "demo/large" }).click();
    await page.getByRole("dialog").getByRole("list", { name: "Nodes" }).getByText("demo node").waitFor();
    await page.keyboard.press("Escape");
  });

  test("behavior: a node that does not answer is not registered, and the reason is told", async () => {
    await goTo(page, "Earnings");
    expect(await page.getByRole("button", { name: "Withdraw all" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Register a node" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("nobody");
    await dialog.getByLabel("URL").fill("http://127.0.0.1:9");
    await dialog.getByLabel("Model").fill("llama-3.1-8b");
    await dialog.getByRole("button", { name: "Register" }).click();
    await dialog.getByRole("alert").waitFor();
    await page.keyboard.press("Escape");
  });

  test("behavior: the month has a statement in three formats", async () => {
    await goTo(page, "Statements");
    const row = page.getByRole("table", { name: "Statements" }).getByRole("row").nth(1);
    for (const format of ["PDF", "CSV", "JSON"]) {
      const download = page.waitForEvent("download");
      await row.getByRole("link", { name: new RegExp(`as ${format}$`) }).click();
      expect((await download).suggestedFilename()).toMatch(
        new RegExp(`^infr-\\d{4}-\\d{2}\\.${format.toLowerCase()}$`),
      );
    }
  });

  test("behavior: a revoked key is refused", async () => {
    await goTo(page, "API keys");
    await page.getByRole("button", { name: "Revoke Playground" }).click();
    await page.getByRole("button", { name: "Revoke key" }).click();
    await page
      .getByRole("row", { name: /Playground/ })
      .getByText("Revoked")
      .waitFor();
    await goTo(page, "Playground");
    await page.getByLabel("Message").fill("Are you there?");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("alert").filter({ hasText: "That key is not accepted any more." }).waitFor();
  });

  test("behavior: signing out leaves nothing of the account in the page", async () => {
    await page.getByRole("button", { name: /^Account 0x/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in", exact: true }).first().waitFor();
    expect(problems).toEqual([]);
  });
});

/** A browser in which somebody with this key is signed in. */
async function signedInAs(privateKey: string): Promise<Page> {
  const context = await browser.newContext();
  await context.addInitScript((key) => localStorage.setItem("infr.dev-wallet.key", key), privateKey);
  const other = await context.newPage();
  await other.goto(stack.webUrl);
  await signIn(other);
  return other;
}

/** The newest code that waits to be sent to an address. */
async function codeSentTo(email: string): Promise<string> {
  const sql = postgres(stack.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const read = () => sql<Array<{ code: string }>>`
      select data->>'code' as code from mails where address = ${email} order by created_at desc limit 1`;
    await expect.poll(async () => (await read()).length).toBe(1);
    const [row] = await read();
    return row?.code ?? "";
  } finally {
    await sql.end();
  }
}

/** Does what the line would do, on machines without curl too. */
function runCurl(line: string): Promise<Response> {
  const [, url = "", body] = /^curl (\S+) .* -d '(.*)'$/.exec(line) ?? [];
  const headers = [...line.matchAll(/-H "([^:]+): ([^"]+)"/g)].map(([, name, value]): [string, string] => [
    name ?? "",
    value ?? "",
  ]);
  return fetch(url, { method: "POST", headers, body });
}

const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0);

/** What the API says, with the session of the page. */
async function readBalance(): Promise<string> {
  const answer = await page.request.get(`${stack.webUrl}/api/balance`);
  const { spendable } = (await answer.json()) as { spendable: string };
  return spendable;
}

/** The exact amount behind the big number. */
async function spendable(): Promise<string | null> {
  return page.getByRole("region", { name: "Balance" }).locator("data").first().getAttribute("value");
}
