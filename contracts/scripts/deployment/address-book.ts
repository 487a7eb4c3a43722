import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChainAddresses, Deployment } from "../../addresses.ts";

export const ADDRESS_BOOK = join(import.meta.dirname, "../../addresses.ts");
const BEGIN = "export const addressBook";
const NAMES = { 8453: "Base", 84532: "Base Sepolia" } as const;

type Book = Readonly<Record<keyof typeof NAMES, ChainAddresses>>;

/** The lines of a chain, as the formatter wants them. */
function renderChain(chainId: keyof typeof NAMES, { usdc, deployment }: ChainAddresses): string {
  const head = `  /** ${NAMES[chainId]} */\n  ${chainId}: {`;
  if (!deployment) return `${head} usdc: "${usdc}", deployment: null },\n`;
  const { escrow, lens, allowanceRecharge, governor, payoutPolicy, block } = deployment;
  const lines = Object.entries({ escrow, lens, allowanceRecharge, governor, payoutPolicy }).map(
    ([name, at]) => `      ${name}: "${at}",\n`,
  );
  return `${head}\n    usdc: "${usdc}",\n    deployment: {\n${lines.join("")}      block: ${block},\n    },\n  },\n`;
}

/** The end of `addresses.ts` for a book. */
export const renderBook = (book: Book): string =>
  `${BEGIN}: Readonly<Record<8453 | 84532, ChainAddresses>> = {\n` +
  `${renderChain(8453, book[8453])}${renderChain(84_532, book[84_532])}};\n`;

/** Writes a deployment into `addresses.ts`: the types and what is said about them stay. */
export async function writeAddressBook({
  book,
  chainId,
  deployment,
  file = ADDRESS_BOOK,
}: {
  book: Book;
  chainId: keyof typeof NAMES;
  deployment: Deployment;
  file?: string;
}): Promise<void> {
  const source = await readFile(file, "utf8");
  const written = { ...book, [chainId]: { ...book[chainId], deployment } };
  await writeFile(file, `${source.slice(0, source.indexOf(BEGIN))}${renderBook(written)}`);
}
