import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { type Mutant, mutantsOf } from "./mutants.ts";
import type { Outcome } from "./mutation-worker.ts";

/**
 * Changes the contract in one place after another and runs all Solidity tests on each mutant, invariants included. Lists
 * the survivors; exit code 1 if there is one that `equivalent-mutants.json` does not explain. What has been tried stands
 * in `contracts/cache/mutation.jsonl`: an interrupted run goes on where it was, and survivors are tried again when a
 * test has changed. `--fresh` tries all again, as one must after taking a test away.
 *
 *   node contracts/scripts/mutate.ts [--files Split,Settlement] [--fresh] [--sample N] [--seed N] [--workers N]
 */
const ROOT = join(import.meta.dirname, "../..");
const TARGETS = ["contracts/src/libraries/*.sol", "contracts/src/modules/{Settlement,Payouts,Vouchers,Voids}.sol"];
const TRIED = join(ROOT, "contracts/cache/mutation.jsonl");
/** A mutant that takes longer runs for ever, and a test that never ends does not pass. */
const LONGEST_MS = 180_000;
const { values } = parseArgs({
  options: {
    files: { type: "string" },
    fresh: { type: "boolean" },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});

interface Equivalent {
  file: string;
  code: string;
  from: string;
  to: string;
  reason: string;
}

interface Tried {
  mutant: Mutant;
  outcome: Outcome;
}

async function findMutants(): Promise<Mutant[]> {
  const wanted = values.files?.split(",");
  const found: Mutant[] = [];
  for (const file of globSync(TARGETS, { cwd: ROOT }).sort()) {
    if (wanted && !wanted.includes(basename(file, ".sol"))) continue;
    found.push(...mutantsOf(file, await readFile(join(ROOT, file), "utf8")));
  }
  if (!values.sample) return found;
  // a linear congruence is enough of a shuffle, and the seed gives the same sample again
  let word = Number(values.seed);
  const keyed = found.map((mutant) => {
    word = (word * 1_103_515_245 + 12_345) % 2 ** 31;
    return { mutant, key: word };
  });
  keyed.sort((left, right) => left.key - right.key);
  return keyed.slice(0, Number(values.sample)).map(({ mutant }) => mutant);
}

const nameOf = ({ file, start, to }: Mutant): string => `${file}:${start}:${to}`;

async function hashFiles(pattern: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of globSync(pattern, { cwd: ROOT }).sort()) {
    hash.update(`${file}\0`).update(await readFile(join(ROOT, file)));
  }
  return hash.digest("hex");
}

/** What outcomes depend on: a test that is added finds no mutant alive that was dead, so `killed` depends on less. */
async function hashSources(): Promise<Record<Outcome["is"], string>> {
  const contracts = await hashFiles("contracts/{src,dev}/**/*.sol");
  const all = await hashFiles("contracts/{src,dev,test,proofs,examples,scripts}/**/*.{sol,ts}");
  return { killed: contracts, invalid: contracts, survived: all };
}

type Line = [name: string, outcome: Outcome, hash: string];

/** Outcomes of earlier runs that still hold, by mutant. */
async function readTried(hashes: Record<Outcome["is"], string>): Promise<Map<string, Outcome>> {
  const text = values.fresh ? "" : await readFile(TRIED, "utf8").catch(() => "");
  const complete = text.split("\n").filter((line) => line.endsWith("]")); // the last one may have been cut off
  const lines = complete.map((line) => JSON.parse(line) as Line);
  const valid = lines.filter(([, outcome, hash]) => hash === hashes[outcome.is]);
  await mkdir(dirname(TRIED), { recursive: true });
  await writeFile(TRIED, valid.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return new Map(valid.map(([name, outcome]) => [name, outcome]));
}

/** A process that has compiled the tests. */
async function startWorker(): Promise<ChildProcess> {
  const worker = fork(join(import.meta.dirname, "mutation-worker.ts"));
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("exit", (code) => reject(new Error(`A worker ended with ${code} before its first mutant.`)));
  });
  return worker;
}

/** @returns undefined if it takes too long: then the worker has been ended */
function ask(worker: ChildProcess, mutant: Mutant): Promise<Outcome | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => worker.kill("SIGKILL"), LONGEST_MS);
    const finish = (): void => {
      clearTimeout(timer);
      worker.removeAllListeners();
    };
    worker.once("message", (outcome: Outcome) => {
      finish();
      resolve(outcome);
    });
    worker.once("exit", (code, signal) => {
      finish();
      if (signal === "SIGKILL") resolve(undefined);
      else reject(new Error(`A worker ended with ${code} at ${describe(mutant)}.`));
    });
    worker.send(mutant);
  });
}

async function work(queue: Mutant[], note: (tried: Tried) => Promise<void>): Promise<void> {
  let worker: ChildProcess | undefined;
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    worker ??= await startWorker();
    const outcome = await ask(worker, mutant);
    if (!outcome) worker = undefined;
    await note({ mutant, outcome: outcome ?? { is: "killed", by: "time" } });
  }
  worker?.kill();
}

const describe = ({ file, line, from, to, code }: Mutant): string =>
  `${file}:${line}  «${from.trim()}» → «${to.trim()}»  ${code}`;

const isExplained = (mutant: Mutant, equivalents: readonly Equivalent[]): boolean =>
  equivalents.some(
    ({ file, code, from, to }) =>
      mutant.file.endsWith(file) && code === mutant.code && from === mutant.from.trim() && to === mutant.to.trim(),
  );

async function report(tried: readonly Tried[]): Promise<number> {
  const path = join(import.meta.dirname, "equivalent-mutants.json");
  const equivalents = JSON.parse(await readFile(path, "utf8")) as Equivalent[];
  const having = (is: Outcome["is"]): Mutant[] =>
    tried.filter(({ outcome }) => outcome.is === is).map(({ mutant }) => mutant);
  const [killed, survived, invalid] = [having("killed"), having("survived"), having("invalid")];
  const unexplained = survived.filter((mutant) => !isExplained(mutant, equivalents));
  for (const mutant of invalid) console.log(`does not compile  ${describe(mutant)}`);
  for (const mutant of unexplained) console.log(`not explained  ${describe(mutant)}`);
  console.log(
    JSON.stringify({
      mutants: killed.length + survived.length,
      killed: killed.length,
      survived: survived.length,
      unexplained: unexplained.length,
    }),
  );
  return unexplained.length;
}

const mutants = await findMutants();
const hashes = await hashSources();
const before = await readTried(hashes);
const tried: Tried[] = mutants.flatMap((mutant) => {
  const outcome = before.get(nameOf(mutant));
  return outcome ? [{ mutant, outcome }] : [];
});
const queue = mutants.filter((mutant) => !before.has(nameOf(mutant)));
console.log(`${mutants.length} mutants, seed ${values.seed}; ${tried.length} tried before`);
const startedAt = Date.now();
const note = async ({ mutant, outcome }: Tried): Promise<void> => {
  tried.push({ mutant, outcome });
  if (outcome.is === "survived") console.log(`survived  ${describe(mutant)}`);
  const line: Line = [nameOf(mutant), outcome, hashes[outcome.is]];
  await appendFile(TRIED, `${JSON.stringify(line)}\n`);
  if (tried.length % 20 === 0) {
    console.log(`${tried.length}/${mutants.length} in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }
};
await Promise.all(Array.from({ length: Number(values.workers) }, () => work(queue, note)));
if ((await report(tried)) > 0) process.exitCode = 1;
