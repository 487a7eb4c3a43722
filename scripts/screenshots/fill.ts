import type { Browser, Page } from "playwright-core";
import type { Hex } from "viem";
import { goTo, signIn as signInInBrowser } from "../../test/browser/flow.ts";
import { examplePaths } from "../../test/browser/pages.ts";
import { chat } from "../flow/chat.ts";
import { must, type Signed, signIn } from "../flow/session.ts";
import type { Dev } from "./open-dev.ts";

const QUESTIONS = ["Say hello", "Name three rivers", "What is a nano-dollar?", "Write a haiku about receipts"];
/** Of those, one makes the minimum payout in a few answers: two are enough for a picture. */
const MODELS = ["demo/small", "demo/small", "demo/small", "demo/large"];

/** A page to look at, and as whom: null is a visitor. */
export type Shot = { name: string; path: string; as: Hex | null };

/** Does what makes the pages worth a look, once, as the demo's buyer. @returns every page */
export async function fillAccounts(browser: Browser, dev: Dev): Promise<Shot[]> {
  const buyer = dev.wallets[0]?.privateKey ?? "0x";
  const operator = dev.operators[0]?.privateKey ?? "0x";
  const signed = await signIn(dev, buyer);
  const { transfers } = must(await signed.client.GET("/api/transfers", { params: { query: { limit: 1 } } }));
  if (transfers.length === 0) {
    console.log("Filling the buyer's account …");
    await askSome(dev, signed);
    await shareSome(browser, { dev, buyer });
  }
  const paths = await examplePaths(signed.client);
  const owner = (route: string): Hex => (["/earnings", "/admin"].includes(route) ? operator : buyer);
  // Who follows a referrer's link goes on to the first page at once.
  const routes = [...paths].filter(([route]) => route !== "/r/$code");
  return [
    { name: "welcome", path: "/", as: null },
    ...routes.map(([route, path]) => ({ name: nameOf(route), path, as: owner(route) })),
  ];
}

const nameOf = (route: string): string => route.split("/")[1] || "overview";

/** Requests by two keys, and what else needs no signature. */
async function askSome(dev: Dev, { client }: Signed): Promise<void> {
  for (const name of ["laptop", "nightly evaluation"]) {
    const { key } = must(await client.POST("/api/keys", { body: { name } }));
    for (const [index, prompt] of QUESTIONS.entries()) {
      const model = MODELS[index] ?? "demo/small";
      await chat({
        baseUrl: `${dev.api}/v1`,
        key,
        model,
        prompt,
        maxTokens: 24 * (index + 1),
        stream: index % 2 === 0,
      });
    }
  }
}

/** What takes the wallet's signature is done as its owner does it. */
async function shareSome(browser: Browser, { dev, buyer }: { dev: Dev; buyer: Hex }): Promise<void> {
  const page = await openAs(browser, { dev, as: buyer });
  await goTo(page, "Transfer");
  for (const [to, amount] of [
    [dev.wallets[1]?.address ?? "", "3"],
    ["friend@example.com", "2"],
  ] as const) {
    await page.getByLabel("To", { exact: true }).fill(to);
    await page.getByLabel("Amount", { exact: true }).fill(amount);
    await page.getByLabel("Note").fill("For the workshop");
    await page.getByRole("button", { name: "Review" }).click();
    await page.getByRole("status").filter({ hasText: "You send" }).waitFor();
    await page.getByRole("button", { name: "Sign and send" }).click();
    await page.getByRole("status").filter({ hasText: "On its way." }).waitFor();
  }
  await goTo(page, "Share");
  await page.getByLabel("Amount").fill("5");
  await page.getByLabel("Message").fill("Happy birthday");
  await page.getByRole("button", { name: "Sign and issue" }).click();
  await page.getByRole("table", { name: "Your gifts" }).getByText("Active").waitFor();
  await page.context().close();
}

/** A page in a browser of his own, in which he is signed in. */
export async function openAs(browser: Browser, { dev, as }: { dev: Dev; as: Hex | null }): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  if (as) await context.addInitScript((key) => localStorage.setItem("infr.dev-wallet.key", key), as);
  const page = await context.newPage();
  await page.goto(dev.web);
  if (as) await signInInBrowser(page);
  return page;
}
