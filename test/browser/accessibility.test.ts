import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signIn } from "../../scripts/flow/session.ts";
import { startStack, type TestStack } from "../stack.ts";
import { findingsAt, findingsOf, LOOKS } from "./axe.ts";
import { launchChromium } from "./chromium.ts";
import { waitForCredit } from "./flow.ts";
import { pressOn, tabTo, typeInto } from "./keyboard.ts";
import { examplePaths } from "./pages.ts";

const FRIEND = "friend@example.com";
let stack: TestStack;
let browser: Browser;
let page: Page;
/** What axe found in the windows that were open on the way. */
const inWindows: string[] = [];

beforeAll(async () => {
  stack = await startStack({ web: true });
  browser = await launchChromium();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
  await context.addInitScript((key) => localStorage.setItem("infr.dev-wallet.key", key), admin());
  page = await context.newPage();
  await page.goto(stack.webUrl);
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** Sees every page there is. */
const admin = () => stack.admins[1] ?? "0x";
const button = (name: string | RegExp) => page.getByRole("button", { name });
const dialog = () => page.getByRole("dialog");

async function visit(name: string): Promise<void> {
  await pressOn(page, page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }));
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

async function lookAtWindow(): Promise<void> {
  await dialog().waitFor();
  inWindows.push(...(await findingsOf(page)));
}

/** Nothing here points: every step is a key. */
describe("by keyboard alone", () => {
  test("behavior: the first Tab offers to skip the navigation, and does", async () => {
    await button("Sign in").first().waitFor();
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").innerText()).toBe("Skip to content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.locator("main :focus").count()).toBe(1);
  });

  test("behavior: somebody signs in", async () => {
    await pressOn(page, button("Sign in"));
    await lookAtWindow();
    await pressOn(page, dialog().getByRole("button", { name: "Dev wallet" }));
    await button(/^Account 0x/).waitFor();
  });

  test("behavior: deposits", async () => {
    await visit("Deposit");
    await pressOn(page, button("Get test USDC"));
    await page.getByText("1,000 test USDC and 10 ETH are in your wallet.").waitFor();
    await typeInto(page, page.getByLabel("Amount in USDC"), "20");
    await tabTo(page, page.getByRole("radio", { name: /^Gasless/ }));
    await page.keyboard.press("ArrowDown");
    expect(await page.getByRole("radio", { name: /^From the wallet/ }).isChecked()).toBe(true);
    await page.keyboard.press("ArrowUp");
    await pressOn(page, button("Deposit $20.00"));
    await waitForCredit(page);
  });

  test("behavior: creates a key", async () => {
    await visit("API keys");
    await pressOn(page, button("Create key"));
    await lookAtWindow();
    await typeInto(page, dialog().getByLabel("Name"), "keyboard");
    await page.keyboard.press("Enter");
    await pressOn(page, dialog().getByRole("button", { name: "Done" }));
    await page.getByRole("table", { name: "API keys" }).getByText("keyboard").waitFor();
  });

  test("behavior: sends credit", async () => {
    await visit("Transfer");
    await typeInto(page, page.getByLabel("To", { exact: true }), FRIEND);
    await typeInto(page, page.getByLabel("Amount", { exact: true }), "2");
    await page.keyboard.press("Enter");
    await page.getByRole("status").filter({ hasText: "You send $2.00" }).waitFor();
    await pressOn(page, button("Sign and send"));
    await page.getByRole("table", { name: "Transfers" }).getByText("Waits").waitFor();
  });

  test("behavior: chats", async () => {
    await visit("Playground");
    await pressOn(page, button("Create a playground key"));
    await typeInto(page, page.getByLabel("Message"), "Say hello");
    await page.keyboard.press("Enter");
    await page.getByRole("list", { name: "Conversation" }).getByRole("listitem").last().locator("data").waitFor();
  });

  test("behavior: opens the request, closes it, and is where it was", async () => {
    await visit("Usage");
    const details = button(/^Details of req_/).first();
    await pressOn(page, details);
    await dialog().getByText("Completion").waitFor();
    await lookAtWindow();
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "hidden" });
    await expect.poll(() => details.evaluate((element) => element.matches(":focus")), { timeout: 10_000 }).toBe(true);
  });
});

describe("axe", () => {
  test("behavior: finds nothing serious in the windows that were open", () => expect(inWindows).toEqual([]));

  test("behavior: finds nothing serious in any page, signed in or not, large or small, light or dark", async () => {
    const { client } = await signIn(stack, admin());
    const paths = [...(await examplePaths(client)).values(), "/no-such-page"];
    const urls = paths.map((path) => `${stack.webUrl}${path}`);
    const visitor = await (await browser.newContext()).newPage();
    const found = await Promise.all([page, visitor].map((one, who) => findingsIn(one, { urls, who })));
    await visitor.context().close();
    expect(found.flat()).toEqual([]);
  });
});

/** One look at each page, in turn, so that all pages and all looks come; all looks at all pages with AXE=all. */
async function findingsIn(one: Page, { urls, who }: { urls: string[]; who: number }): Promise<string[]> {
  const findings: string[] = [];
  for (const [n, url] of urls.entries()) {
    const looks = process.env["AXE"] === "all" ? LOOKS : LOOKS.filter((_, look) => look === (n + who) % LOOKS.length);
    findings.push(...(await findingsAt(one, url, looks)));
  }
  return findings;
}
