import type { Page } from "playwright-core";

/** What a user does, by role and label, as he would tell it. Each step ends when its effect can be seen. */

export async function signIn(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign in", exact: true }).first().click();
  await page.getByRole("button", { name: "Dev wallet" }).click();
  await page.getByRole("button", { name: /^Account 0x/ }).waitFor();
}

/** The pages, as the navigation calls them. */
type PageName =
  | "Overview"
  | "Deposit"
  | "API keys"
  | "Usage"
  | "Playground"
  | "Transfer"
  | "Share"
  | "Team"
  | "Referrals"
  | "Models"
  | "Earnings"
  | "Statements"
  | "Reserves"
  | "Notifications"
  | "Admin"
  | "Settings";

/** On a phone some pages are behind "More". */
export async function goTo(page: Page, name: PageName): Promise<void> {
  const pages = page.getByRole("navigation", { name: "Pages" });
  const link = pages.getByRole("link", { name }).filter({ visible: true });
  const more = pages.getByRole("button", { name: "More" }).filter({ visible: true });
  await link.or(more).first().waitFor();
  if ((await link.count()) > 0) await link.click();
  else {
    await more.click();
    await page.getByRole("menuitem", { name }).click();
  }
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

export async function getTestUsdc(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Get test USDC" }).click();
  await page.getByText("1,000 test USDC and 10 ETH are in your wallet.").waitFor();
}

export async function startDeposit(page: Page, { usd, way }: { usd: string; way: "Gasless" | "From the wallet" }) {
  await page.getByRole("radio", { name: new RegExp(`^${way}`) }).click();
  await page.getByLabel("Amount in USDC").fill(usd);
  await page.getByRole("button", { name: `Deposit $${usd}.00` }).click();
}

export async function waitForCredit(page: Page): Promise<void> {
  await page.getByRole("status").filter({ hasText: "Done: the credit is yours to spend." }).waitFor();
}

/** Returns the key, which is shown this once. Its usage is counted for the project. */
export async function createKey(page: Page, name: string, project?: string): Promise<string> {
  await page.getByRole("button", { name: "Create key" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  if (project !== undefined) await pick(page, { from: "Project", option: project });
  await dialog.getByRole("button", { name: "Create key" }).click();
  const key = await dialog.getByRole("figure", { name }).locator("code").innerText();
  await dialog.getByRole("button", { name: "Done" }).click();
  return key;
}

/** Chooses one of a field's options. */
export async function pick(page: Page, { from, option }: { from: string; option: string | RegExp }): Promise<void> {
  await page.getByRole("combobox", { name: from, exact: true }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

/** Returns what the answer cost, as an exact decimal in dollars. */
export async function ask(page: Page, question: string): Promise<string> {
  await page.getByLabel("Message").fill(question);
  await page.getByRole("button", { name: "Send" }).click();
  const cost = page
    .getByRole("list", { name: "Conversation" })
    .getByRole("listitem")
    .last()
    .getByText("Cost")
    .locator("data");
  await cost.waitFor();
  return (await cost.getAttribute("value")) ?? "";
}
