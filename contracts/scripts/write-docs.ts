import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { escrowDomain, operationTypes, settlementTypes } from "@infr/protocol";
import type { AbiParameter } from "viem";
import { creditEscrowAbi } from "../abi/index.ts";

/**
 * Keeps the lists of `docs/contracts.md` in step with the ABI and with the NatSpec of the interfaces: everything between
 * the two markers is written anew. `--check` writes nothing and fails if the page is stale.
 */
const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/contracts.md");
const [BEGIN, END] = ["<!-- generated -->", "<!-- /generated -->"];
const INTERFACES = ["IEscrowTypes", "IEscrowCore", "IEscrowExtension"];

interface Entry {
  readonly type: string;
  readonly name?: string;
  readonly stateMutability?: string;
  readonly inputs?: readonly (AbiParameter & { indexed?: boolean })[];
  readonly outputs?: readonly AbiParameter[];
}

/** The enum or struct's name where there is one. */
const typeOf = ({ type, internalType }: AbiParameter): string =>
  /^(?:struct|enum|contract) (?:\w+\.)?(.+)$/.exec(internalType ?? "")?.[1] ?? type;

const listed = (parameters: readonly (AbiParameter & { indexed?: boolean })[] = []): string =>
  parameters.map((each) => [typeOf(each), each.indexed && "indexed", each.name].filter(Boolean).join(" ")).join(", ");

/** First sentence of the `@notice` before each declaration. */
async function readNotices(): Promise<Map<string, string>> {
  const notices = new Map<string, string>();
  for (const name of INTERFACES) {
    const source = await readFile(join(ROOT, `contracts/src/interfaces/${name}.sol`), "utf8");
    for (const match of source.matchAll(/((?:^ *\/\/\/.*\n)+) *(function|event|error) (\w+)/gm)) {
      const text = (match[1] ?? "").replaceAll(/^ *\/\/\/ ?/gm, "").split(/^@(?!notice)/m)[0] ?? "";
      notices.set(`${match[2]} ${match[3]}`, text.replace("@notice ", "").replaceAll(/\s+/g, " ").trim());
    }
  }
  return notices;
}

function section(title: string, rows: readonly string[]): string {
  return `## ${title}\n\n${rows.toSorted((left, right) => left.localeCompare(right)).join("\n")}\n`;
}

async function generate(): Promise<string> {
  const notices = await readNotices();
  const entries = creditEscrowAbi as readonly Entry[];
  const about = ({ type, name }: Entry): string => notices.get(`${type} ${name}`) ?? "";
  const rows = (wanted: (entry: Entry) => boolean, write: (entry: Entry) => string): string[] =>
    entries.filter(wanted).map((entry) => `- \`${write(entry)}\`${about(entry) && ` – ${about(entry)}`}`);
  const call = (entry: Entry): string => `${entry.name}(${listed(entry.inputs)})`;
  const answer = (entry: Entry): string =>
    `${call(entry)}${entry.outputs?.length ? ` → (${listed(entry.outputs)})` : ""}`;
  const reads = ({ stateMutability }: Entry): boolean => stateMutability === "view" || stateMutability === "pure";
  const typed = Object.entries({ ...settlementTypes, ...operationTypes }).map(
    ([name, fields]) => `- \`${name}(${fields.map((field) => `${field.type} ${field.name}`).join(",")})\``,
  );
  const domain = escrowDomain({ chainId: 8453, escrow: `0x${"0".repeat(40)}` });
  return [
    section(
      "Functions that change something",
      rows((entry) => entry.type === "function" && !reads(entry), answer),
    ),
    section(
      "Functions that read",
      rows((entry) => entry.type === "function" && reads(entry), answer),
    ),
    section(
      "Events",
      rows(({ type }) => type === "event", call),
    ),
    section(
      "Errors",
      rows(({ type }) => type === "error", call),
    ),
    `${section("EIP-712 types", [...typed, "- `Clearance(bytes32 operation,uint40 deadline)`"])}
The domain is \`name: "${domain.name}", version: "${domain.version}"\`, the chain's id and the escrow's address.
`,
  ].join("\n");
}

const page = await readFile(PAGE, "utf8");
const [before = "", rest = ""] = page.split(BEGIN);
const [, after = ""] = rest.split(END);
const written = `${before}${BEGIN}\n\n${await generate()}\n${END}${after}`;
if (!process.argv.includes("--check")) {
  await writeFile(PAGE, written);
} else if (written !== page) {
  console.error("docs/contracts.md is stale: run `node contracts/scripts/write-docs.ts` and commit the result.");
  process.exitCode = 1;
}
