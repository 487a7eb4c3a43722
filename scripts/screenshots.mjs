import { mkdirSync, readFileSync } from "node:fs";
import { launchChromium } from "../test/browser/chromium.ts";
import { goTo, signIn } from "../test/browser/flow.ts";

const FOLDER = process.argv[2] ?? ".infr/screenshots";
const PAGES = /** @type {const} */ ([
  "Overview",
  "Deposit",
  "API keys",
  "Usage",
  "Playground",
  "Transfer",
  "Share",
  "Referrals",
  "Models",
  "Earnings",
  "Statements",
  "Reserves",
  "Notifications",
  "Settings",
]);
const SIZES = [
  { name: "phone", width: 360, height: 780 },
  { name: "desktop", width: 1440, height: 900 },
];

/** Pictures of every page of the running stack (`pnpm dev`), signed in as the demo's buyer. */
const dev = JSON.parse(readFileSync(".infr/dev.json", "utf8"));
const [buyer] = dev.wallets;
mkdirSync(FOLDER, { recursive: true });
const browser = await launchChromium();
for (const { name, ...viewport } of SIZES) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const context = await browser.newContext({ viewport, colorScheme });
    await context.addInitScript((key) => localStorage.setItem("infr.dev-wallet.key", key), buyer.privateKey);
    const page = await context.newPage();
    await page.goto(dev.web);
    await page.getByRole("button", { name: "Sign in", exact: true }).first().waitFor();
    await page.screenshot({ path: `${FOLDER}/welcome-${name}-${colorScheme}.png` });
    await signIn(page);
    for (const title of PAGES) {
      await goTo(page, title);
      await page.waitForLoadState("networkidle");
      await page.waitForFunction('!document.querySelector("[role=status][aria-label^=Loading]")');
      await page.screenshot({ path: `${FOLDER}/${title.toLowerCase().replace(" ", "-")}-${name}-${colorScheme}.png` });
    }
    await context.close();
  }
}
await browser.close();
console.log(`Pictures are in ${FOLDER}.`);
