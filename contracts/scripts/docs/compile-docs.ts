import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AbiParameter } from "viem";

export const ROOT = join(import.meta.dirname, "../../..");
const require = createRequire(join(ROOT, "package.json"));

/** What of solc is used: compiler input and output are JSON as text. */
interface Solc {
  compile(input: string, callbacks: { import: (path: string) => { contents: string } }): string;
}

/** One thing of an ABI with all that its NatSpec says. */
export interface Documented {
  readonly contract: string;
  readonly type: "function" | "event" | "error";
  readonly name: string;
  /** Such as `open(address,bytes32)`. */
  readonly signature: string;
  readonly stateMutability?: string;
  readonly inputs: readonly (AbiParameter & { readonly indexed?: boolean })[];
  readonly outputs: readonly AbiParameter[];
  /** `@notice`, or `""`. */
  readonly notice: string;
  /** `@dev`, or `""`. */
  readonly details: string;
  /** `@param` and `@return`, by name or place. */
  readonly params: Readonly<Record<string, string>>;
  readonly returns: Readonly<Record<string, string>>;
}

interface Doc {
  readonly notice?: string;
  readonly details?: string;
  readonly params?: Record<string, string>;
  readonly returns?: Record<string, string>;
}
/** Errors can be declared twice: their texts stand in lists. */
interface Docs {
  readonly methods?: Record<string, Doc>;
  readonly events?: Record<string, Doc>;
  readonly errors?: Record<string, readonly Doc[]>;
  readonly stateVariables?: Record<string, Doc>;
}
type Entry = Omit<Documented, "type"> & { readonly type: string };
interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts: Record<string, Record<string, { abi: readonly Entry[]; userdoc: Docs; devdoc: Docs }>>;
}

const typeOf = (parameter: AbiParameter): string =>
  "components" in parameter
    ? parameter.type.replace("tuple", `(${parameter.components.map((each) => typeOf(each)).join(",")})`)
    : parameter.type;

function docsOf({ type, name, signature }: { type: string; name: string; signature: string }, docs: Docs): Doc {
  if (type === "event") return docs.events?.[signature] ?? {};
  if (type === "error") return docs.errors?.[signature]?.[0] ?? {};
  return { ...docs.stateVariables?.[name], ...docs.methods?.[signature] };
}

/** ABI and NatSpec of contracts as solc reads them, without generating code. `sources` are paths from the root. */
export function compileDocs(sources: Readonly<Record<string, readonly string[]>>): Documented[] {
  const read = (path: string): string =>
    readFileSync(path.startsWith("@") ? require.resolve(path) : join(ROOT, path), "utf8");
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(Object.keys(sources).map((path) => [path, { content: read(path) }])),
    settings: { evmVersion: "prague", outputSelection: { "*": { "*": ["abi", "userdoc", "devdoc"] } } },
  };
  const solc = require("solc") as Solc;
  const imports = { import: (path: string) => ({ contents: read(path) }) };
  const output = JSON.parse(solc.compile(JSON.stringify(input), imports)) as Output;
  const failed = output.errors?.filter(({ severity }) => severity === "error") ?? [];
  if (failed.length > 0) throw new Error(failed.map((each) => each.formattedMessage).join("\n"));
  return Object.entries(sources).flatMap(([path, contracts]) =>
    contracts.flatMap((contract) => {
      const found = output.contracts[path]?.[contract];
      if (!found) throw new Error(`No ${contract} in ${path}.`);
      return documentedIn(contract, found);
    }),
  );
}

function documentedIn(
  contract: string,
  { abi, userdoc, devdoc }: { abi: readonly Entry[]; userdoc: Docs; devdoc: Docs },
): Documented[] {
  return abi
    .filter((entry) => ["function", "event", "error"].includes(entry.type))
    .map((entry) => {
      const signature = `${entry.name}(${entry.inputs.map((each) => typeOf(each)).join(",")})`;
      const at = { type: entry.type, name: entry.name, signature };
      const dev = docsOf(at, devdoc);
      return {
        ...entry,
        type: entry.type as Documented["type"],
        contract,
        signature,
        outputs: entry.outputs ?? [],
        notice: docsOf(at, userdoc).notice ?? "",
        details: dev.details ?? "",
        params: dev.params ?? {},
        returns: dev.returns ?? {},
      };
    });
}
