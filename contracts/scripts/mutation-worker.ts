import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "./mutants.ts";
import { type Artifact, CompileError, compile } from "./mutation-compiler.ts";
import { findAnyFailure, findFailure } from "./mutation-runner.ts";
import { ESCROW, isPure, ROOT, TEST_SOURCES, testsWith } from "./mutation-sources.ts";

/** One process of `mutate.ts`: loads the compiler and compiles the tests once, then takes mutants one by one. */
export type Outcome = { is: "killed"; by: string } | { is: "survived" } | { is: "invalid" };

const keyOf = ({ id }: Artifact): string => `${id.source}:${id.name}`;
const whole = new Map([...compile(TEST_SOURCES), ...compile([ESCROW])].map((each) => [keyOf(each), each]));

const withChanged = (changed: readonly Artifact[]): Artifact[] => [
  ...new Map([...whole, ...changed.map((each) => [keyOf(each), each] as const)]).values(),
];

/** From cheap to dear: a library's own tests, every test with few runs, all there is. Most mutants end early. */
async function findKiller({ file, start, end, to }: Mutant): Promise<string | undefined> {
  const source = readFileSync(join(ROOT, file), "utf8");
  const replaced = { [file]: source.slice(0, start) + to + source.slice(end) };
  const tests = testsWith(file);
  const pure = compile(tests.filter(isPure), replaced);
  const killer = await findFailure(pure, tests.filter(isPure));
  if (killer) return killer;
  const others = tests.filter((test) => !isPure(test));
  const mutant = withChanged([...pure, ...compile([ESCROW], replaced), ...compile(others, replaced)]);
  return (await findFailure(mutant)) ?? (await findAnyFailure(mutant));
}

async function tryMutant(mutant: Mutant): Promise<Outcome> {
  try {
    const by = await findKiller(mutant);
    return by === undefined ? { is: "survived" } : { is: "killed", by };
  } catch (error) {
    if (error instanceof CompileError) return { is: "invalid" };
    throw error;
  }
}

const failure = await findAnyFailure([...whole.values()]);
if (failure) throw new Error(`${failure} fails without any mutant: see that the tests pass first.`);
process.on("message", (mutant: Mutant) => {
  void tryMutant(mutant).then((outcome) => process.send?.(outcome));
});
process.send?.("ready");
