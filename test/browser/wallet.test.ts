import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startStack, type TestStack } from "../stack.ts";
import { launchChromium } from "./chromium.ts";
import { getTestUsdc, goTo, startDeposit, waitForCredit } from "./flow.ts";
import { TestWallet } from "./wallet.ts";

const MAINNET = 1;
const PATIENTLY = { timeout: 30_000 };
const STRANGER = `0x${"5b".repeat(20)}`;
let stack: TestStack;
let browser: Browser;
let page: Page;
let wallet: TestWallet;
const problems: string[] = [];

beforeAll(async () => {
  stack = await startStack({ web: true });
  browser = await launchChromium();
  wallet = new TestWallet({ chainId: MAINNET, home: stack });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await wallet.installIn(context);
  page = await context.newPage();
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(stack.webUrl);
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const alerts = () => page.getByRole("alert").filter({ hasText: /./ });
const switchButton = () => page.getByRole("button", { name: /^Switch to / });
const banner = () => alerts().filter({ has: switchButton() });

/** Presses a button of the page while the wallet's user says no, and waits until he has been asked. */
async function refuse(name: string | RegExp): Promise<void> {
  const before = wallet.asked.length;
  wallet.refuses = true;
  await page.getByRole("button", { name }).click();
  await expect.poll(() => wallet.asked.length, PATIENTLY).toBe(before + 1);
  wallet.refuses = false;
}

async function read<T>(path: string): Promise<T> {
  return (await (await page.request.get(`${stack.webUrl}${path}`)).json()) as T;
}

/** One visitor with an extension's wallet; each test goes on where the one before it ended. */
describe("a wallet that is announced to the page", () => {
  test("behavior: a refused sign-in is quiet, and can be tried again", async () => {
    await page.getByRole("button", { name: "Sign in", exact: true }).first().click();
    await refuse(/^Test wallet/);
    const choice = page.getByRole("dialog").getByRole("button", { name: /^Test wallet/ });
    await expect.poll(() => choice.isEnabled(), PATIENTLY).toBe(true);
    expect(
      await page
        .getByRole("dialog")
        .getByText(/reject/i)
        .count(),
    ).toBe(0);
    await choice.click();
    await page.getByRole("button", { name: /^Account 0x/ }).waitFor();
  });

  test("behavior: on another chain there is one banner with one button, and everything can be read", async () => {
    for (const name of ["Usage", "Transfer", "Deposit"] as const) {
      await goTo(page, name);
      await banner().waitFor();
      expect(await alerts().count()).toBe(1);
      expect(await switchButton().count()).toBe(1);
    }
    await page.getByText("No deposits yet").waitFor();
    expect(
      await page
        .locator("form")
        .getByRole("button", { name: /^Deposit/ })
        .isDisabled(),
    ).toBe(true);
  });

  test("behavior: the button switches; a refused switch is quiet", async () => {
    await refuse(/^Switch to /);
    await expect.poll(() => switchButton().isEnabled(), PATIENTLY).toBe(true);
    expect(await banner().innerText()).toContain("Your wallet is on another network");
    expect(await alerts().count()).toBe(1);
    await switchButton().click();
    await banner().waitFor({ state: "detached" });
    expect(wallet.chainId).toBe(stack.chainId);
    await getTestUsdc(page);
  });

  test.each(["Gasless", "From the wallet"] as const)("behavior: a refused deposit is quiet: %s", async (way) => {
    await page.getByRole("radio", { name: new RegExp(`^${way}`) }).click();
    await page.getByLabel("Amount in USDC").fill("15");
    await refuse("Deposit $15.00");
    await page.getByRole("button", { name: "Deposit $15.00" }).waitFor();
    expect(await page.getByLabel("Amount in USDC").inputValue()).toBe("15");
    expect(await page.getByRole("radio", { name: new RegExp(`^${way}`) }).isChecked()).toBe(true);
    expect(await alerts().count()).toBe(0);
    expect(await read("/api/deposits?limit=5")).toMatchObject({ deposits: [] });
    await page.getByText("In wallet: $1,000.00").waitFor();
  });

  test("behavior: agreed to, the same form deposits", async () => {
    await startDeposit(page, { usd: "15", way: "From the wallet" });
    await waitForCredit(page);
    expect(wallet.asked.slice(-2)).toEqual(["eth_sendTransaction", "eth_sendTransaction"]);
  });

  test("behavior: a refused transfer is quiet, moves nothing, and is the same one when it is agreed to", async () => {
    await goTo(page, "Transfer");
    await page.getByLabel("To", { exact: true }).fill(STRANGER);
    await page.getByLabel("Amount", { exact: true }).fill("2");
    await page.getByRole("button", { name: "Review" }).click();
    await page.getByRole("status").filter({ hasText: "You send $2.00" }).waitFor();
    await refuse("Sign and send");
    await expect.poll(() => page.getByRole("button", { name: "Sign and send" }).isEnabled(), PATIENTLY).toBe(true);
    expect(await page.getByLabel("To", { exact: true }).inputValue()).toBe(STRANGER);
    expect(await alerts().count()).toBe(0);
    expect(await read("/api/balance")).toMatchObject({ spendable: "15" });

    await page.getByRole("button", { name: "Sign and send" }).click();
    const transfers = page.getByRole("table", { name: "Transfers" });
    await transfers.getByText("Done").waitFor();
    expect(await transfers.getByRole("row").count()).toBe(2);
    await expect.poll(() => read("/api/balance"), PATIENTLY).toMatchObject({ spendable: "13" });
  });

  test("behavior: moved to another chain in the wallet, nothing is signed there", async () => {
    wallet.chainId = MAINNET;
    await page.reload();
    await banner().waitFor();
    await page.getByLabel("To", { exact: true }).fill(STRANGER);
    await page.getByLabel("Amount", { exact: true }).fill("1");
    await page.getByRole("button", { name: "Review" }).click();
    await page.getByRole("status").filter({ hasText: "You send $1.00" }).waitFor();
    const before = wallet.asked.length;
    await page.getByRole("button", { name: "Sign and send" }).click();
    await alerts().filter({ hasText: "Switch it at the top of the page" }).waitFor();
    expect(wallet.asked).toHaveLength(before);
    await switchButton().click();
    await banner().waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Sign and send" }).click();
    await page.getByRole("status").filter({ hasText: "On its way." }).waitFor();
    expect(problems).toEqual([]);
  });
});
