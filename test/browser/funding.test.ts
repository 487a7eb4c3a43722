import { microUsdc } from "@infr/money";
import type { Browser, Page } from "playwright-core";
import { type Address, createWalletClient, erc20Abi, http, isAddress, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signed, startStripeCards, WEBHOOK_SECRET } from "../../api/src/testing/stripe-cards-server.ts";
import { openWallet } from "../../scripts/flow/wallet.ts";
import { startStack, type TestStack } from "../stack.ts";
import { findingsOf } from "./axe.ts";
import { launchChromium } from "./chromium.ts";
import { goTo, signIn } from "./flow.ts";

const PLATFORM = 1;
const PLAN = { id: "plus", name: "Plus", stripePrice: "price_plus", priceUsd: "20", creditUsd: "22" };

let stripe: Awaited<ReturnType<typeof startStripeCards>>;
let stack: TestStack;
let browser: Browser;
let page: Page;
/** The account's deposit address, as its page shows it. */
let own: Address;
const problems: string[] = [];

beforeAll(async () => {
  stripe = await startStripeCards();
  const settings = {
    STRIPE_SECRET_KEY: "sk_test",
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_API_URL: stripe.url,
    PLANS: JSON.stringify([PLAN]),
    MOONPAY_API_KEY: "pk_test_infr",
    MOONPAY_SECRET_KEY: "sk_test_infr",
    MOONPAY_WEBHOOK_KEY: "wk_test_infr",
  };
  stack = await startStack({ web: true, settings });
  await coverGrants();
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(stack.webUrl);
  await signIn(page);
  await goTo(page, "Deposit");
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await stripe?.stop();
});

/** What is paid by card is granted out of the platform's own account. */
async function coverGrants(): Promise<void> {
  const wallet = openWallet(stack, stack.buyer.privateKey);
  await wallet.approve(microUsdc(1_000_000_000n));
  await wallet.deposit(PLATFORM, microUsdc(1_000_000_000n), toHex("platform", { size: 32 }));
}

/** What the processor shows is its own: here only what a payer does there, and the way back. */
async function atStripe(act: (sessionId: string) => void): Promise<void> {
  await page.route("https://checkout.stripe.com/**", (route) => {
    const sessionId = new URL(route.request().url()).pathname.split("/").at(-1) ?? "";
    act(sessionId);
    return route.fulfill({ status: 302, headers: { location: String(stripe.find(sessionId)["success_url"]) } });
  });
}

/** Tells the API all that has happened at the processor. */
async function tellEvents(): Promise<void> {
  for (const event of stripe.events.splice(0)) {
    const { payload, headers } = signed(event);
    const answer = await fetch(`${stack.webUrl}/api/webhooks/stripe`, { method: "POST", headers, body: payload });
    expect(answer.status).toBeLessThan(300);
  }
}

const way = (name: string) => page.getByRole("tab", { name });
const deposits = () => page.getByRole("table", { name: "Deposits" });

describe("an account's own address", () => {
  test("default: is shown with a QR code, and what is sent there is credited", async () => {
    await way("Address").click();
    const panel = page.getByRole("region", { name: "Deposit address" });
    await panel.getByRole("img", { name: "The address as a QR code" }).waitFor();
    const address = (await panel.locator("code").innerText()) as Address;
    expect(isAddress(address)).toBe(true);
    own = address;
    const sender = createWalletClient({
      account: privateKeyToAccount(stack.buyer.privateKey),
      transport: http(stack.rpc),
    });
    const transfer = { abi: erc20Abi, functionName: "transfer", args: [address, 7_000_000n] } as const;
    await sender.writeContract({ chain: null, address: stack.contracts.usdc, ...transfer });
    await deposits().getByRole("row").filter({ hasText: "Deposit address" }).getByText("$7.00").waitFor();
  });
});

describe("a card", () => {
  test("error: what can't be paid is said before anything is asked", async () => {
    await way("Card").click();
    await page.getByText("$5.00 to $500.00, at most").waitFor();
    await page.getByLabel("Amount", { exact: true }).fill("4");
    await page.getByRole("button", { name: "Go on to pay" }).click();
    await page.getByText("Between $5.00 and $500.00.").waitFor();
  });

  test("default: is paid with on the processor's page, and the credit is there", async () => {
    await atStripe((sessionId) => stripe.pay(sessionId));
    await page.getByLabel("Amount", { exact: true }).fill("30");
    await page.getByLabel("Keep the card for later payments").check();
    await page.getByRole("button", { name: "Go on to pay $30.00" }).click();
    const paid = page.getByRole("region", { name: "Payments by card" }).getByRole("listitem");
    await page.getByRole("status").filter({ hasText: "Waiting for the processor" }).waitFor();
    await tellEvents();
    await paid.filter({ hasText: "Paid" }).getByText("$30.00").waitFor();
  });

  test("behavior: that was saved pays without that page, and can be forgotten", async () => {
    await page.unroute("https://checkout.stripe.com/**");
    await page.reload();
    await way("Card").click();
    await page.getByRole("region", { name: "Saved cards" }).getByText("visa •••• 4242").waitFor();
    await page.getByLabel("Amount", { exact: true }).fill("12");
    await page.getByRole("button", { name: "Pay $12.00 with visa •••• 4242" }).click();
    await page.getByRole("status").filter({ hasText: "Paid. The credit is yours" }).waitFor();
    const paid = page.getByRole("region", { name: "Payments by card" }).getByRole("listitem");
    await paid.filter({ hasText: "Paid" }).getByText("$12.00").waitFor();
    const methods = [...stripe.rows.values()].filter(({ object }) => object === "payment_method");
    for (const { id } of methods) stripe.setKind(id, "declines");
    await page.getByLabel("Amount", { exact: true }).fill("13");
    await page.getByRole("button", { name: "Pay $13.00 with visa •••• 4242" }).click();
    await page.getByText("was declined").first().waitFor();
    expect(await findingsOf(page)).toEqual([]);
    await page.getByRole("button", { name: "Forget the card ending in 4242" }).click();
    await page.getByRole("region", { name: "Saved cards" }).waitFor({ state: "hidden" });
  });
});

describe("a plan", () => {
  test("default: is subscribed to on the processor's page, and ended here", async () => {
    await atStripe((sessionId) => {
      stripe.subscribe(sessionId, { cents: 2_000, until: new Date(Date.now() + 30 * 86_400_000) });
    });
    await way("Plans").click();
    await page.getByRole("button", { name: "Subscribe" }).click();
    await page.getByRole("status").filter({ hasText: "Waiting for the processor" }).waitFor();
    await tellEvents();
    await page.getByRole("tabpanel").getByText("Subscribed").waitFor();
    await page
      .getByRole("tabpanel")
      .getByText(/Renews \w{3} \d/)
      .waitFor();
    expect(await findingsOf(page)).toEqual([]);
    await page.getByRole("button", { name: "End with the period" }).click();
    await page.getByRole("button", { name: "Go on after all" }).waitFor();
  });
});

test("USDC is bought on a seller's page, which is told the address", async () => {
  const asked = page.waitForRequest(/moonpay\.com/);
  await page.route(/moonpay\.com/, (route) => route.fulfill({ status: 200, body: "MoonPay" }));
  await way("Buy USDC").click();
  await page.getByLabel("Amount", { exact: true }).fill("60");
  await page.getByRole("button", { name: "Go on to MoonPay" }).click();
  const { searchParams } = new URL((await asked).url());
  expect(searchParams.get("walletAddress")?.toLowerCase()).toBe(own.toLowerCase());
  expect(searchParams.get("baseCurrencyAmount")).toBe("60.00");
  await page.goto(`${stack.webUrl}/deposit?way=buy`);
  await page.getByRole("region", { name: "Purchases" }).getByText("$60.00").waitFor();
});

test("nothing has failed in the page meanwhile", () => {
  expect(problems).toEqual([]);
});
