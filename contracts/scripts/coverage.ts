import { spawn } from "node:child_process";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Runs the Solidity tests with coverage, without the invariants, which take long and reach nothing else, and prints the
 * statements covered of each file of `contracts/src`; fails below 98 % of all.
 *
 *   node contracts/scripts/coverage.ts
 */
const ROOT = join(import.meta.dirname, "../..");
const LEAST_PERCENT = 98;

interface FileCoverage {
  covered: number;
  total: number;
  missed: number[];
}

const run = (command: string, args: string[]): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
    child.on("exit", (code) => resolve(code ?? 1));
  });

/** Statements by line, as lcov has them. */
function readLcov(text: string): Map<string, FileCoverage> {
  const files = new Map<string, FileCoverage>();
  for (const record of text.split("end_of_record")) {
    const name = /^SF:(.*)$/m.exec(record)?.[1];
    if (!name?.includes("contracts/src/")) continue;
    const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)].map(
      ([, line, hits]) => [Number(line), Number(hits)] as const,
    );
    const missed = lines.filter(([, hits]) => hits === 0).map(([line]) => line);
    files.set(name, { covered: lines.length - missed.length, total: lines.length, missed });
  }
  return files;
}

const tests: string[] = [];
for await (const file of glob("contracts/test/!(invariant)/**/*.t.sol", { cwd: ROOT })) tests.push(file);
const code = await run("hardhat", ["test", "solidity", ...tests, "--coverage"]);
if (code !== 0) throw new Error("The tests fail with coverage: run `hardhat test solidity --coverage`.");

const files = readLcov(await readFile(join(ROOT, "coverage/lcov.info"), "utf8"));
let [covered, total] = [0, 0];
for (const [name, file] of [...files].toSorted(([left], [right]) => left.localeCompare(right))) {
  covered += file.covered;
  total += file.total;
  const percent = file.total === 0 ? 100 : (100 * file.covered) / file.total;
  const missed = file.missed.length > 0 ? `  not covered: ${file.missed.join(", ")}` : "";
  console.log(`${percent.toFixed(1).padStart(5)} %  ${name}${missed}`);
}
const percent = total === 0 ? 0 : (100 * covered) / total;
console.log(`${percent.toFixed(2)} % of ${total} statements; at least ${LEAST_PERCENT} %`);
if (percent < LEAST_PERCENT) process.exitCode = 1;
