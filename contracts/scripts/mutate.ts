import { spawn } from "node:child_process";
import { cp, glob, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { type Mutant, mutantsOf } from "./mutants.ts";

/**
 * Changes the contract in one place after another and runs the Solidity tests on each mutant, in copies of the tree.
 * Lists the survivors; exit code 1 if there is one that `equivalent-mutants.json` does not explain.
 *
 *   node contracts/scripts/mutate.ts [--files Split,Settlement] [--sample N] [--seed N] [--workers N]
 */
const ROOT = join(import.meta.dirname, "../..");
const TARGETS = ["contracts/src/libraries/*.sol", "contracts/src/modules/{Settlement,Payouts,Vouchers}.sol"];
const { values } = parseArgs({
  options: {
    files: { type: "string" },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});

/** Fewer runs than in the tests: a mutant is run hundreds of times over, and what fuzzing kills it kills soon. */
const CONFIG = (await readFile(join(ROOT, "hardhat.config.ts"), "utf8"))
  .replace(/fuzz: \{ runs: \d+/, "fuzz: { runs: 32")
  .replace(/invariant: \{ runs: \d+, depth: \d+/, "invariant: { runs: 4, depth: 32");

interface Equivalent {
  file: string;
  code: string;
  from: string;
  to: string;
  reason: string;
}

async function findMutants(): Promise<Mutant[]> {
  const wanted = values.files?.split(",");
  const found: Mutant[] = [];
  for await (const file of glob(TARGETS, { cwd: ROOT })) {
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

/** A copy that shares the installed packages, with a cache of its own. */
async function copyTree(): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), "infr-mutants-"));
  for (const each of ["node_modules", "package.json", "packages"]) await symlink(join(ROOT, each), join(tree, each));
  await mkdir(join(tree, "contracts"));
  for (const each of ["src", "dev", "test", "proofs", "examples", "package.json", "node_modules"]) {
    const filter = (path: string): boolean => !path.endsWith(".test.ts");
    if (each === "node_modules") await symlink(join(ROOT, "contracts", each), join(tree, "contracts", each));
    else
      await cp(join(ROOT, "contracts", each), join(tree, "contracts", each), { recursive: true, filter }).catch(
        () => {},
      );
  }
  await writeFile(join(tree, "hardhat.config.ts"), CONFIG);
  return tree;
}

/** The quick tests first: what they kill needs no invariants. @returns whether one fails, or the mutant does not compile */
async function isKilled(tree: string): Promise<boolean> {
  const quick: string[] = [];
  for await (const file of glob("contracts/test/!(invariant)/**/*.t.sol", { cwd: tree })) quick.push(file);
  // all of them, because a handler is found only with all sources
  return (await fails(tree, quick)) || (await fails(tree, []));
}

function fails(tree: string, tests: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn("hardhat", ["test", "solidity", ...tests], { cwd: tree, stdio: "ignore", timeout: 300_000 });
    child.on("exit", (code) => resolve(code !== 0));
    child.on("error", () => resolve(false));
  });
}

async function work(queue: Mutant[], survivors: Mutant[], done: () => void): Promise<void> {
  const tree = await copyTree();
  try {
    if (await isKilled(tree)) throw new Error("The tests fail without any mutant: see that they pass first.");
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const source = await readFile(join(ROOT, mutant.file), "utf8");
      const changed = source.slice(0, mutant.start) + mutant.to + source.slice(mutant.end);
      await writeFile(join(tree, mutant.file), changed);
      const killed = await isKilled(tree);
      await writeFile(join(tree, mutant.file), source);
      if (!killed) {
        survivors.push(mutant);
        console.log(`survived  ${describe(mutant, source)}`);
      }
      done();
    }
  } finally {
    await rm(tree, { recursive: true });
  }
}

const codeAt = (mutant: Mutant, source: string): string => source.split("\n")[mutant.line - 1]?.trim() ?? "";

const describe = (mutant: Mutant, source: string): string =>
  `${mutant.file}:${mutant.line}  «${mutant.from.trim()}» → «${mutant.to.trim()}»  ${codeAt(mutant, source)}`;

async function isExplained(mutant: Mutant, equivalents: readonly Equivalent[]): Promise<boolean> {
  const source = await readFile(join(ROOT, mutant.file), "utf8");
  return equivalents.some(
    (each) =>
      mutant.file.endsWith(each.file) &&
      each.code === codeAt(mutant, source) &&
      each.from === mutant.from.trim() &&
      each.to === mutant.to.trim(),
  );
}

const equivalents = JSON.parse(
  await readFile(join(import.meta.dirname, "equivalent-mutants.json"), "utf8"),
) as Equivalent[];
const queue = await findMutants();
const [total, survivors] = [queue.length, [] as Mutant[]];
console.log(`${total} mutants, seed ${values.seed}`);
let count = 0;
const startedAt = Date.now();
const done = (): void => {
  count += 1;
  if (count % 10 === 0) console.log(`${count}/${total} in ${Math.round((Date.now() - startedAt) / 1000)} s`);
};
await Promise.all(Array.from({ length: Number(values.workers) }, () => work(queue, survivors, done)));

let unexplained = 0;
for (const mutant of survivors) if (!(await isExplained(mutant, equivalents))) unexplained += 1;
console.log(
  JSON.stringify({ mutants: total, killed: total - survivors.length, survived: survivors.length, unexplained }),
);
if (unexplained > 0) process.exitCode = 1;
