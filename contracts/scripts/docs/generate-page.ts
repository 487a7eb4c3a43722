import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { escrowDomain, operationTypes, settlementTypes } from "@infr/protocol";
import type { AbiParameter } from "viem";
import { creditEscrowAbi } from "../../abi/index.ts";
import { compileDocs, type Documented, ROOT } from "./compile-docs.ts";
import { UNREACHABLE } from "./unreachable.ts";

const TYPES = {
  "the escrow": "interfaces/IEscrowTypes.sol",
  "the lens": "periphery/EscrowLens.sol",
  receipts: "libraries/Receipts.sol",
};
const BESIDE = {
  "contracts/src/periphery/EscrowLens.sol": ["EscrowLens"],
  "contracts/src/periphery/AllowanceRecharge.sol": ["AllowanceRecharge"],
  "contracts/src/policies/EasPayoutPolicy.sol": ["EasPayoutPolicy"],
  "contracts/src/periphery/DepositForwarder.sol": ["DepositForwarder"],
};
const OF_THE_ESCROW = {
  "contracts/src/CreditEscrow.sol": ["CreditEscrow"],
  "contracts/src/EscrowExtension.sol": ["EscrowExtension"],
};
const CLEARANCE = "Clearance(bytes32 operation,uint40 deadline)";

/** Something of the contracts that the page would have nothing to say about. */
export class UndocumentedError extends Error {
  override readonly name = "UndocumentedError";
  readonly code = "undocumented";
}

/** The enum or struct's name where there is one. */
const typeOf = ({ type, internalType }: AbiParameter): string =>
  /^(?:struct|enum|contract) (?:\w+\.)?(.+)$/.exec(internalType ?? "")?.[1] ?? type;

const listed = (parameters: readonly (AbiParameter & { indexed?: boolean })[]): string =>
  parameters.map((each) => [typeOf(each), each.indexed && "indexed", each.name].filter(Boolean).join(" ")).join(", ");

/** One line. Throws {@link UndocumentedError} if there is nothing to say. */
function lineOf({ contract, type, name, signature, inputs, outputs, notice, details, returns }: Documented): string {
  const answer = outputs.length > 0 ? ` → (${listed(outputs)})` : "";
  const never = UNREACHABLE[signature];
  const about = never ? `Never: ${never}.` : notice || firstSentence(details) || Object.values(returns)[0];
  if (!about) throw new UndocumentedError(`${contract}: ${type} ${signature} has no @notice.`);
  return `- \`${name}(${listed(inputs)})${answer}\` – ${about}`;
}

const firstSentence = (text: string): string => {
  const sentence = text.split(/\.(?:\s|$)/)[0] ?? "";
  return sentence && `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
};

const section = (title: string, lines: readonly string[]): string =>
  `${title}\n\n${lines.toSorted((left, right) => left.localeCompare(right)).join("\n")}\n`;

const reads = ({ stateMutability }: Documented): boolean => stateMutability === "view" || stateMutability === "pure";

/** Everything in the ABI that is called at the escrow's address, each once. */
function readEscrow(): Documented[] {
  const keyOf = ({ type, signature }: Documented): string => `${type} ${signature}`;
  const entries = new Map(compileDocs(OF_THE_ESCROW).map((entry) => [keyOf(entry), entry]));
  const wanted = creditEscrowAbi.filter(({ type }) => type !== "constructor").length;
  if (entries.size !== wanted) {
    throw new UndocumentedError(`The sources have ${entries.size} entries, the ABI ${wanted}: run \`pnpm generate\`.`);
  }
  return [...entries.values()];
}

/** EIP-712 types, which have to be those that Solidity hashes. */
async function describeTypedData(): Promise<string> {
  const types = Object.entries({ ...settlementTypes, ...operationTypes }).map(
    ([name, fields]) => `${name}(${fields.map((field) => `${field.type} ${field.name}`).join(",")})`,
  );
  const all = [...types, CLEARANCE];
  const source = await readFile(join(ROOT, "contracts/src/libraries/TypedHashes.sol"), "utf8");
  const hashed = [...source.matchAll(/keccak256\(\s*((?:"[^"]*"\s*)+)\)/g)].map(([, text = ""]) =>
    [...text.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join(""),
  );
  if (hashed.toSorted().join("\n") !== all.toSorted().join("\n")) {
    throw new UndocumentedError(
      `EIP-712 types differ: Solidity has\n${hashed.join("\n")}\nTypeScript\n${all.join("\n")}`,
    );
  }
  const { name, version } = escrowDomain({ chainId: 8453, escrow: `0x${"0".repeat(40)}` });
  const about = `The domain is \`name: "${name}", version: "${version}"\`, the chain's id and the escrow's address.\n`;
  return `${section(
    "## EIP-712 types",
    all.map((each) => `- \`${each}\``),
  )}\n${about}`;
}

/** Structs and enums as they stand in the sources, with their comments. */
async function copyTypes(): Promise<string> {
  const blocks: string[] = [];
  for (const [title, file] of Object.entries(TYPES)) {
    const source = await readFile(join(ROOT, "contracts/src", file), "utf8");
    const found = source.matchAll(/(?:^ *\/\/\/.*\n)+ *(?:struct|enum) \w+ \{[^}]*\}/gm);
    const text = [...found].map(([each]) => each.replaceAll(/^ {4}/gm, "")).join("\n\n");
    blocks.push(`Of ${title}:\n\n\`\`\`solidity\n${text}\n\`\`\`\n`);
  }
  return `## Structs and enums\n\n${blocks.join("\n")}`;
}

/** What stands between the markers of `docs/contracts.md`. */
export async function generatePage(): Promise<string> {
  const escrow = readEscrow();
  const lines = (wanted: (entry: Documented) => boolean): string[] => escrow.filter(wanted).map((each) => lineOf(each));
  const beside = Object.entries(BESIDE).map(([path, contracts]) => {
    const entries = compileDocs({ [path]: contracts });
    return section(
      `## ${contracts.join()}`,
      entries.map((each) => `${lineOf(each)}${kindOf(each)}`),
    );
  });
  return [
    section(
      "## Functions that change something",
      lines((entry) => entry.type === "function" && !reads(entry)),
    ),
    section(
      "## Functions that read",
      lines((entry) => entry.type === "function" && reads(entry)),
    ),
    section(
      "## Events",
      lines(({ type }) => type === "event"),
    ),
    section(
      "## Errors",
      lines(({ type }) => type === "error"),
    ),
    await copyTypes(),
    await describeTypedData(),
    ...beside,
  ].join("\n");
}

const kindOf = ({ type }: Documented): string => (type === "function" ? "" : ` (${type})`);
