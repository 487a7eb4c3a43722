import type { Browser, BrowserContext, Page } from "playwright-core";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MailServer, type ReceivedMail, startMailServer } from "../../scripts/mail-server.ts";
import { startStack, type TestStack } from "../stack.ts";
import { launchChromium } from "./chromium.ts";
import { getTestUsdc, goTo, signIn, startDeposit, waitForCredit } from "./flow.ts";

const FRIEND = "friend@example.com";
let stack: TestStack;
let mail: MailServer;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  mail = await startMailServer();
  stack = await startStack({ web: true, smtpUrl: `smtp://127.0.0.1:${mail.port}` });
  browser = await launchChromium();
  page = await open(await browser.newContext({ viewport: { width: 1280, height: 900 } }));
  await page.goto(stack.webUrl);
  await signIn(page);
  await goTo(page, "Deposit");
  await getTestUsdc(page);
  await startDeposit(page, { usd: "10", way: "Gasless" });
  await waitForCredit(page);
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await mail?.close();
});

async function open(context: BrowserContext): Promise<Page> {
  const opened = await context.newPage();
  opened.on("pageerror", (error) => problems.push(error.message));
  return opened;
}

/** The newest mail to an address whose subject says so. */
async function mailTo(address: string, subject: RegExp): Promise<ReceivedMail> {
  const find = () => mail.mails.find(({ to, subject: found }) => to.includes(address) && subject.test(found));
  await expect.poll(find, { timeout: 30_000 }).toBeDefined();
  return find() as ReceivedMail;
}

async function signInByEmail(visitor: Page, address: string): Promise<void> {
  await visitor.getByRole("button", { name: "Sign in", exact: true }).first().click();
  const dialog = visitor.getByRole("dialog");
  await dialog.getByLabel("E-mail address").fill(address);
  // An older code is none.
  mail.mails.length = 0;
  await dialog.getByRole("button", { name: "Send a code" }).click();
  const code = /\b\d{8}\b/.exec((await mailTo(address, /sign-in code/)).text)?.[0] ?? "";
  await dialog.getByLabel(`Code sent to ${address}`).fill(code);
  await dialog.getByRole("button", { name: "Sign in by e-mail" }).click();
  await dialog.waitFor({ state: "hidden" });
}

async function sendTo(address: string, amount: string, from = page): Promise<void> {
  await goTo(from, "Transfer");
  await from.getByLabel("To", { exact: true }).fill(address);
  await from.getByLabel("Amount", { exact: true }).fill(amount);
  await from.getByLabel("Note").fill("for the holidays");
  await from.getByRole("button", { name: "Review" }).click();
  await from.getByRole("status").filter({ hasText: "You send" }).waitFor();
  await from.getByRole("button", { name: "Sign and send" }).click();
}

const newest = (of = page) => of.getByRole("table", { name: "Transfers" }).getByRole("row").nth(1);

/** Somebody signs in by e-mail and redeems what a link has in it. */
async function redeemAs(address: string, link: string): Promise<Page> {
  const visitor = await open(await browser.newContext());
  await visitor.goto(stack.webUrl);
  await signInByEmail(visitor, address);
  await visitor.goto(link);
  await visitor.getByRole("button", { name: "Redeem", exact: true }).click();
  return visitor;
}

/** What was signed has waited long enough. */
async function endWait(): Promise<void> {
  const sql = postgres(stack.databaseUrl, { max: 1 });
  await sql.begin(async (tx) => {
    await tx`alter table owner_changes disable trigger owner_changes_step`;
    await tx`update owner_changes set not_before = now() where cancelled_at is null`;
    await tx`alter table owner_changes enable trigger owner_changes_step`;
  });
  await sql.end();
}

describe("credit sent to an e-mail address", () => {
  test("default: waits for somebody who was never here, and is his when he signs in", async () => {
    await sendTo(FRIEND, "3");
    await newest().getByText("Waits").waitFor();
    const { text } = await mailTo(FRIEND, /\$3 of credit/);
    expect(text).toContain("for the holidays");
    const link = /http\S+\/claim\/\S+/.exec(text)?.[0] ?? "";

    const friend = await open(await browser.newContext());
    await friend.goto(link);
    await friend.getByText("for the holidays").waitFor();
    await signInByEmail(friend, FRIEND);
    await friend.getByRole("status").filter({ hasText: "It is yours to spend." }).waitFor();
    await goTo(friend, "Overview");
    const balance = friend.getByRole("region", { name: "Balance" }).locator("data").first();
    await expect.poll(() => balance.getAttribute("value")).toBe("3");
    await newest().getByText("Done").waitFor();

    // A forwarded mail is worth nothing to whoever has it.
    const stranger = await open(await browser.newContext());
    await stranger.goto(link);
    await signInByEmail(stranger, "stranger@example.com");
    await stranger.getByText("It went to another account.").waitFor();
    await stranger.context().close();
    await friend.context().close();
  });

  test("behavior: who is here already has it at once, and nobody is asked to claim", async () => {
    await sendTo(FRIEND, "1");
    await newest().getByText("Done").waitFor();
    expect((await mailTo(FRIEND, /You have got \$1/)).text).toContain("for the holidays");
  });

  test("behavior: called back before anybody came, it is the sender's again", async () => {
    await sendTo("nobody@example.com", "2");
    await newest()
      .getByRole("button", { name: /^Call back/ })
      .click();
    await newest().getByText("Came back").waitFor();
    expect((await mailTo("nobody@example.com", /\$2 of credit/)).text).toContain("/claim/");
    expect(problems).toEqual([]);
  });
});

describe("a gift code for one e-mail address", () => {
  test("behavior: is worth nothing to whoever else has it, and is redeemed by whoever signs in by that address", async () => {
    await goTo(page, "Share");
    const give = page.getByRole("region", { name: "Issue a gift code" });
    await give.getByLabel("Amount").fill("1");
    await give.getByLabel("Only for").fill(FRIEND);
    await give.getByRole("button", { name: "Sign and issue" }).click();
    await give.getByText(`signs in by ${FRIEND} can redeem it`).waitFor();
    const link = await give.getByRole("figure", { name: "Link" }).locator("code").innerText();
    const gifts = page.getByRole("table", { name: "Your gifts" });
    await gifts.getByText("Active").waitFor();

    const stranger = await redeemAs("stranger@example.com", link);
    await stranger.getByRole("region", { name: "Redeem a gift code" }).getByRole("alert").waitFor();
    expect(await gifts.getByText("Active").count()).toBe(1);
    await stranger.context().close();
    const friend = await redeemAs(FRIEND, link);
    await friend.getByRole("status").filter({ hasText: "$1.00" }).waitFor();
    await gifts.getByText("Redeemed").waitFor();
    await friend.context().close();
  });
});

describe("automatic recharge", () => {
  test("behavior: where no card is taken and no wallet is, there is nothing to turn on, and it is said why", async () => {
    const friend = await open(await browser.newContext());
    await friend.goto(stack.webUrl);
    await signInByEmail(friend, FRIEND);
    await goTo(friend, "Deposit");
    const recharge = friend.getByRole("region", { name: "Automatic recharge" });
    await recharge.getByText("Cards are not taken here").waitFor();
    expect(await recharge.getByRole("button").count()).toBe(0);
    await friend.context().close();
  });
});

describe("an account that the platform signs for", () => {
  test("default: is its user's wallet's a day after that has signed, and cancelled until then it stays", async () => {
    const friend = await open(await browser.newContext());
    await friend.goto(stack.webUrl);
    await signInByEmail(friend, FRIEND);
    await goTo(friend, "Settings");
    const card = friend.getByRole("region", { name: "Who signs for this account's credit" });
    await card.getByText("It takes 24 hours").waitFor();
    await card.getByRole("button", { name: "Link a wallet" }).click();
    await friend.getByRole("dialog").getByRole("button", { name: "Dev wallet" }).click();
    const handOver = card.getByRole("button", { name: "Let this wallet own the account" });
    await handOver.click();
    await card.getByText("Until then you can cancel it.").waitFor();
    expect((await mailTo(FRIEND, /being handed over/)).text).toContain(`${stack.webUrl}/settings`);
    await card.getByRole("button", { name: "Cancel" }).click();
    await card.getByText("Cancelled: nothing has changed.").waitFor();

    await handOver.click();
    await card.getByText("Until then you can cancel it.").waitFor();
    await endWait();
    await card.getByText("Only the wallet").waitFor();
    const ways = friend.getByRole("list", { name: "Ways in" });
    await ways.getByText("Owns this account").waitFor();
    expect(await ways.getByRole("button", { name: /^Unlink / }).allInnerTexts()).toHaveLength(1);
    await sendTo("stranger@example.com", "1", friend);
    await newest(friend).getByText("Done").waitFor();
    expect(problems).toEqual([]);
  });
});
