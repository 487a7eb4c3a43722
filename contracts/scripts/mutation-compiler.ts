import solc from "solc";
import { ESCROW, isPure, readSource } from "./mutation-sources.ts";

/** A compiled contract as Hardhat's runner takes it. */
export interface Artifact {
  id: { name: string; source: string; solcVersion: string };
  contract: {
    abi: string;
    bytecode: string;
    deployedBytecode: string;
    linkReferences: Record<string, never>;
    deployedLinkReferences: Record<string, never>;
  };
}

interface Output {
  errors?: { severity: string; formattedMessage: string }[];
  contracts?: Record<string, Record<string, CompiledContract>>;
}

interface CompiledContract {
  abi: { type: string; name?: string }[];
  evm?: { bytecode: { object: string }; deployedBytecode: { object: string } };
}

const VERSION = "0.8.37";
const PARTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"];
/** Without the optimizer where that is possible: a mutant is compiled once and run for a second. */
const SETTINGS = { evmVersion: "prague", metadata: { appendCBOR: false } };
const OPTIMIZER = { enabled: true, runs: 200 };

/** Something in a source, of which the compiler says what. */
export class CompileError extends Error {}

/**
 * Compiles the contracts that stand in `files`, with other sources for those in `replaced`. Tests that deploy an escrow
 * use libraries whose assembly has too many variables for a compiler that does not optimize.
 *
 * @throws CompileError
 */
export function compile(files: readonly string[], replaced: Record<string, string> = {}): Artifact[] {
  if (files.length === 0) return [];
  const optimizer = files.every((file) => file === ESCROW || isPure(file)) ? { enabled: false } : OPTIMIZER;
  const contentOf = (name: string): string | undefined => replaced[name] ?? readSource(name);
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(files.map((file) => [file, { content: contentOf(file) }])),
    settings: {
      ...SETTINGS,
      optimizer,
      outputSelection: Object.fromEntries(files.map((file) => [file, { "*": PARTS }])),
    },
  };
  const findImport = (name: string): { contents: string } | { error: string } => {
    const contents = contentOf(name);
    return contents === undefined ? { error: "not found" } : { contents };
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport })) as Output;
  const failure = output.errors?.find(({ severity }) => severity === "error");
  if (failure) throw new CompileError(failure.formattedMessage);
  return Object.entries(output.contracts ?? {}).flatMap(([source, contracts]) =>
    Object.entries(contracts).flatMap(([name, contract]) => artifactOf(name, source, contract)),
  );
}

/** Nothing for what has no code: interfaces and abstract contracts. */
function artifactOf(name: string, source: string, { abi, evm }: CompiledContract): Artifact[] {
  if (!evm?.bytecode.object) return [];
  const contract = {
    abi: JSON.stringify(abi),
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
    linkReferences: {},
    deployedLinkReferences: {},
  };
  return [{ id: { name, source, solcVersion: VERSION }, contract }];
}
