import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { launchChromium } from "../../test/browser/chromium.ts";
import { fillAccounts } from "./fill.ts";
import { type Dev, openDev } from "./open-dev.ts";
import { takePictures, writeDocImages } from "./take.ts";

const help = `Writes a picture of each page of the web app at 360 and 1440 px, light and dark, with a little data made for it.

  pnpm screenshots [options]

  --out FOLDER   where to: .infr/screenshots, which git ignores, unless said otherwise
  --only NAME    that page alone, such as deposit; may be said several times
  --docs         the pictures of README and docs/ too, into docs/images
  --help

It uses the stack that runs here (pnpm dev), and starts it where there is none: then it stops it in the end.`;

/** Answers the exit code. */
export async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({
    // pnpm hands a separating "--" on.
    args: words.filter((word) => word !== "--"),
    options: {
      out: { type: "string", default: ".infr/screenshots" },
      only: { type: "string", multiple: true, default: [] },
      docs: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const { dev, close } = await openDev();
  try {
    await takeAll(dev, values);
  } finally {
    await close();
  }
  return 0;
}

async function takeAll(dev: Dev, { out, only, docs }: { out: string; only: string[]; docs: boolean }): Promise<void> {
  mkdirSync(out, { recursive: true });
  const browser = await launchChromium();
  try {
    const pages = await fillAccounts(browser, dev);
    const wanted = only.length === 0 ? pages : pages.filter(({ name }) => only.includes(name));
    await takePictures(browser, { dev, pages: wanted, folder: out });
    if (docs) await writeDocImages(browser, { dev, pages });
  } finally {
    await browser.close();
  }
}
