import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startStack, type TestStack } from "../stack.ts";
import { launchChromium } from "./chromium.ts";
import { ask, createKey, getTestUsdc, goTo, pick, signIn, startDeposit, waitForCredit } from "./flow.ts";

let stack: TestStack;
let browser: Browser;
let owner: Page;
let member: Page;
const problems: string[] = [];

beforeAll(async () => {
  stack = await startStack({ web: true });
  browser = await launchChromium();
  [owner, member] = [await newPage(), await newPage()];
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** Somebody with a browser and a wallet of his own. */
async function newPage(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(stack.webUrl);
  await signIn(page);
  return page;
}

async function walletOf(page: Page): Promise<string> {
  await goTo(page, "Settings");
  const ways = page.getByRole("list", { name: "Ways in" });
  return /0x\w+/.exec(await ways.getByRole("listitem").first().innerText())?.[0] ?? "";
}

/** A request by one of the team's keys. */
async function complete(key: string): Promise<void> {
  const answer = await fetch(`${stack.api}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "demo/small", messages: [{ role: "user", content: "Say hello" }] }),
  });
  expect(answer.status).toBe(200);
}

/** Goes on in another of his accounts. */
async function switchTo(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("button", { name: /^Account / }).click();
  await page.getByRole("menuitemradio", { name }).click();
}

/** Two people in two browsers; each test goes on where the one before it ended. */
describe("a team", () => {
  test("behavior: somebody creates one and funds it from his wallet", async () => {
    await goTo(owner, "Team");
    await owner.getByLabel("Team name").fill("Search");
    await owner.getByRole("button", { name: "Create team" }).click();
    await owner.getByRole("button", { name: "Account Search" }).waitFor();
    await goTo(owner, "Deposit");
    await getTestUsdc(owner);
    await startDeposit(owner, { usd: "10", way: "From the wallet" });
    await waitForCredit(owner);
    await goTo(owner, "Overview");
    await owner.getByText("$10.00").first().waitFor();
  });

  test("behavior: whom he invites opens the link and joins; nobody else can by it", async () => {
    const wallet = await walletOf(member);
    await goTo(owner, "Team");
    await owner.getByRole("button", { name: "Invite" }).click();
    const dialog = owner.getByRole("dialog");
    await dialog.getByLabel("E-mail address or wallet").fill(wallet);
    await dialog.getByRole("button", { name: "Invite" }).click();
    const told = await dialog.getByRole("figure", { name: "Link" }).locator("code").innerText();
    const link = told.replace(new URL(told).origin, stack.webUrl);
    await dialog.getByRole("button", { name: "Done" }).click();

    const stranger = await newPage();
    await stranger.goto(link);
    await stranger.getByText("You are signed in as somebody else.").waitFor();
    await stranger.context().close();

    await member.goto(link);
    await member.getByRole("button", { name: "Join Search" }).click();
    await member.getByRole("button", { name: "Account Search" }).waitFor();
    await member.getByRole("table", { name: "Members" }).getByText("(you)").waitFor();
  });

  test("behavior: the member spends the team's credit until his budget is used up, and the owner sees it", async () => {
    await goTo(member, "Playground");
    await member.getByRole("button", { name: "Create a playground key" }).click();
    const cost = await ask(member, "Say hello");
    expect(Number(cost)).toBeGreaterThan(0);

    const wallet = await walletOf(member);
    await owner.reload();
    await goTo(owner, "Team");
    await owner.getByRole("button", { name: "Set a budget" }).click();
    const dialog = owner.getByRole("dialog");
    await dialog.getByRole("combobox", { name: "On" }).click();
    await owner.getByRole("option", { name: `${wallet.slice(0, 6)}…${wallet.slice(-4)}`, exact: true }).click();
    await dialog.getByLabel("Amount").fill(cost);
    await dialog.getByRole("button", { name: "Set budget" }).click();
    await owner.getByRole("meter", { name: /per month/ }).waitFor();
    expect(await owner.getByRole("meter").getAttribute("aria-valuetext")).toBe("100 % used");

    await goTo(member, "Playground");
    await member.getByLabel("Message").fill("And again");
    await member.getByRole("button", { name: "Send" }).click();
    await member.getByText(/monthly limit of .* has nothing left/).waitFor();
    await goTo(member, "Team");
    await member.getByRole("meter").waitFor();
  });

  test("behavior: the usage of one member, or of one project, can be looked at by itself", async () => {
    await goTo(owner, "Team");
    const projects = owner.getByRole("region", { name: "Projects" });
    await projects.getByLabel("New project").fill("crawler");
    await projects.getByRole("button", { name: "Add" }).click();
    await projects.getByRole("list", { name: "Projects" }).getByText("crawler").waitFor();
    await goTo(owner, "API keys");
    await complete(await createKey(owner, "crawler", "crawler"));

    await goTo(owner, "Usage");
    const requests = owner.getByRole("button", { name: /^Details of req_/ });
    await expect.poll(() => requests.count()).toBe(2);
    const wallets = [await walletOf(owner), await walletOf(member)];
    await goTo(owner, "Usage");
    const seen: string[] = [];
    for (const wallet of wallets) {
      await pick(owner, { from: "Member", option: new RegExp(`^${wallet.slice(0, 6)}`) });
      await expect.poll(() => requests.count()).toBe(1);
      seen.push((await requests.getAttribute("aria-label")) ?? "");
    }
    expect(new Set(seen).size).toBe(2);
    await owner.reload();
    await expect.poll(() => requests.count()).toBe(1);
    await owner.getByRole("button", { name: "Clear filters" }).click();
    await expect.poll(() => requests.count()).toBe(2);
    await pick(owner, { from: "Project", option: "crawler" });
    await expect.poll(() => requests.count()).toBe(1);
    expect(await requests.getAttribute("aria-label")).toBe(seen[0]);
  });

  test("behavior: a role that may not see something is told which one is needed", async () => {
    await goTo(member, "Statements");
    await member.getByText("Your role in this account is member").first().waitFor();
    expect(await member.getByRole("button", { name: "Set a budget" }).count()).toBe(0);
  });

  test("behavior: each tab stays in the account that it shows", async () => {
    const other = await owner.context().newPage();
    await other.goto(`${stack.webUrl}/team`);
    await other.getByRole("button", { name: "Account Search" }).waitFor();
    await switchTo(other, /^Personal/);
    await other.getByRole("button", { name: "Open Search" }).waitFor();
    await owner.reload();
    await owner.getByRole("button", { name: "Account Search" }).waitFor();
    await other.close();
  });

  test("behavior: who is removed goes on in his own account, without the team's keys", async () => {
    const wallet = await walletOf(member);
    await goTo(owner, "Team");
    await owner.getByRole("button", { name: `Change ${wallet.slice(0, 6)}` }).click();
    await owner.getByRole("button", { name: "Remove from the team" }).click();
    await owner.getByRole("dialog").waitFor({ state: "detached" });
    await goTo(owner, "API keys");
    await owner.getByRole("table", { name: "API keys" }).getByText("Revoked").waitFor();
    await member.reload();
    await member.getByRole("button", { name: /^Account 0x/ }).waitFor();
    expect(problems).toEqual([]);
  });
});
