import type { Browser, BrowserContext, Page } from "playwright-core";
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
  await dialog.getByRole("button", { name: "Send a code" }).click();
  const code = /\b\d{8}\b/.exec((await mailTo(address, /sign-in code/)).text)?.[0] ?? "";
  await dialog.getByLabel(`Code sent to ${address}`).fill(code);
  await dialog.getByRole("button", { name: "Sign in by e-mail" }).click();
  await dialog.waitFor({ state: "hidden" });
}

async function sendTo(address: string, amount: string): Promise<void> {
  await goTo(page, "Transfer");
  await page.getByLabel("To", { exact: true }).fill(address);
  await page.getByLabel("Amount", { exact: true }).fill(amount);
  await page.getByLabel("Note").fill("for the holidays");
  await page.getByRole("button", { name: "Review" }).click();
  await page.getByRole("status").filter({ hasText: "You send" }).waitFor();
  await page.getByRole("button", { name: "Sign and send" }).click();
}

const newest = () => page.getByRole("table", { name: "Transfers" }).getByRole("row").nth(1);

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
