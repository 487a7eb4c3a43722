import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./docs/compile-docs.ts";
import { generatePage } from "./docs/generate-page.ts";

/**
 * Keeps `docs/contracts.md` in step: the lists between its two markers are written from ABI and NatSpec, and each block of
 * code below `<!-- file: PATH -->` is that file, word by word. `--check` writes nothing and fails if the page is stale.
 */
const PAGE = join(ROOT, "docs/contracts.md");
const [BEGIN, END] = ["<!-- generated -->", "<!-- /generated -->"];
const EXAMPLE = /<!-- file: (\S+) -->\n\n```(\w+)\n[\s\S]*?\n```/g;

async function insertExamples(page: string): Promise<string> {
  const paths = [...page.matchAll(EXAMPLE)].map(([, path = ""]) => path);
  const texts = new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(ROOT, path), "utf8")] as const)),
  );
  return page.replaceAll(EXAMPLE, (_, path: string, language: string) => {
    const text = texts.get(path) ?? "";
    return `<!-- file: ${path} -->\n\n\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
  });
}

const page = await readFile(PAGE, "utf8");
const [before = "", rest = ""] = page.split(BEGIN);
const [, after = ""] = rest.split(END);
const written = `${await insertExamples(before)}${BEGIN}\n\n${await generatePage()}\n${END}${after}`;
if (!process.argv.includes("--check")) {
  await writeFile(PAGE, written);
} else if (written !== page) {
  console.error("docs/contracts.md is stale: run `node contracts/scripts/write-docs.ts` and commit the result.");
  process.exitCode = 1;
}
