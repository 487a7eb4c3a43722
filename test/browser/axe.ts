import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { openPage } from "./pages.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const BAD = new Set(["serious", "critical"]);
/** Colours do not depend on the size: two looks at a page show both sizes and both schemes. */
export const LOOKS = [
  { size: { width: 1440, height: 900 }, colorScheme: "light" },
  { size: { width: 360, height: 780 }, colorScheme: "dark" },
] as const;

export type Look = (typeof LOOKS)[number];

/** What axe takes for serious or critical in what is shown now, a line each. */
export async function findingsOf(page: Page): Promise<string[]> {
  // By the debugger, which the page's content security policy does not bind.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations'] })");
  return violations
    .filter(({ impact }) => BAD.has(impact ?? ""))
    .flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html, any, all, none }) => {
        const reasons = [...any, ...all, ...none].map(({ message }) => message);
        return `${impact} ${id}: ${html.slice(0, 160)}: ${reasons.join(" ")}`;
      }),
    );
}

/** The same for a page in these looks, loaded anew for each, for a change of colours takes its time. */
export async function findingsAt(page: Page, url: string, looks: readonly Look[]): Promise<string[]> {
  const findings: string[] = [];
  for (const { size, colorScheme } of looks) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await openPage(page, url);
    const told = await findingsOf(page);
    findings.push(...told.map((line) => `${new URL(url).pathname} ${size.width} ${colorScheme}: ${line}`));
  }
  return findings;
}
