import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { openPage, settle } from "../../test/browser/pages.ts";
import { openAs, type Shot } from "./fill.ts";
import type { Dev } from "./open-dev.ts";

const WIDTHS = [1440, 360];
const SCHEMES = ["light", "dark"] as const;
const HEIGHT = 900;
/** What README and docs/ show. */
const DOC_IMAGES = ["overview", "deposit", "share", "reserves"];
const DOC_QUALITY = 80;

type Pictures = { dev: Dev; pages: Shot[] };

/** Four of each page, whole, with what sticks out of a narrow one told. */
export async function takePictures(
  browser: Browser,
  { dev, pages, folder }: Pictures & { folder: string },
): Promise<void> {
  let taken = 0;
  const all = pages.length * WIDTHS.length * SCHEMES.length;
  await eachPage(browser, { dev, pages }, async (page, { name, path }) => {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await settle(page);
        const file = `${name}-${width}-${colorScheme}.png`;
        await page.screenshot({ path: join(folder, file), fullPage: true });
        console.log(`${String(++taken).padStart(3)}/${all}  ${file}  ${path}`);
      }
      const beyond = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      if (beyond > 0) console.log(`         ${path} is ${beyond} px wider than ${width}`);
    }
  });
  console.log(`${taken} pictures are in ${folder}.`);
}

/** Those of the documentation, as small as they may be: WebP, which the browser writes. */
export async function writeDocImages(browser: Browser, { dev, pages }: Pictures): Promise<void> {
  const wanted = pages.filter(({ name }) => DOC_IMAGES.includes(name));
  await eachPage(browser, { dev, pages: wanted }, async (page, { name }) => {
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: DOC_QUALITY });
    const file = `docs/images/${name}.webp`;
    writeFileSync(file, Buffer.from(data, "base64"));
    console.log(file);
  });
}

/** Opens each page as whoever it is for, one sign-in for each of them. */
async function eachPage(
  browser: Browser,
  { dev, pages }: Pictures,
  look: (page: Page, shot: Shot) => Promise<void>,
): Promise<void> {
  for (const as of new Set(pages.map((shot) => shot.as))) {
    const page = await openAs(browser, { dev, as });
    for (const shot of pages.filter((one) => one.as === as)) {
      await page.setViewportSize({ width: 1440, height: HEIGHT });
      await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
      await openPage(page, new URL(shot.path, dev.web).href);
      await look(page, shot);
    }
    await page.context().close();
  }
}
