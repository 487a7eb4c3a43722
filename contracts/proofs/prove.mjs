import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

/**
 * Proves the assertions of the models in this folder with the compiler's SMTChecker (CHC: for any number of calls) and
 * z3. Prints a line per assertion; exit code 1 unless all are proved.
 *
 *   node contracts/proofs/prove.mjs [Batch.sol …]
 *
 * z3 comes from npm as WASM; one on the PATH is used only with `Z3=z3`, for the sake of equal results everywhere.
 */
const TIMEOUT_MS = 60_000;
const solc = createRequire(import.meta.url)("solc");

/** The compiler asks synchronously, z3's WASM answers asynchronously: a process of its own stands between.
 * @param {string} query SMT-LIB 2 */
function solve(query) {
  const [command, args] = process.env.Z3
    ? [process.env.Z3, ["-smt2", `-T:${TIMEOUT_MS / 1000}`, "-in"]]
    : [process.execPath, [join(import.meta.dirname, "z3.mjs")]];
  const { stdout, error, signal } = spawnSync(command, args, { input: query, encoding: "utf8", timeout: TIMEOUT_MS });
  if (signal === "SIGTERM") return { contents: "unknown\n" };
  if (error) throw new Error(`${command} does not run (${error.message}): install it, or leave Z3 unset.`);
  return { contents: stdout };
}

/** @param {string} file @returns {{ line: number, text: string, proved: boolean }[]} */
function prove(file) {
  const source = readFileSync(join(import.meta.dirname, file), "utf8");
  const contracts = [...source.matchAll(/^contract (\w+)/gm)].map(([, name]) => name);
  const input = {
    language: "Solidity",
    sources: {
      [file]: { content: source },
      "Models.sol": { content: readFileSync(join(import.meta.dirname, "Models.sol"), "utf8") },
    },
    settings: {
      evmVersion: "prague",
      modelChecker: {
        contracts: { [file]: contracts },
        engine: "chc",
        targets: ["assert"],
        solvers: ["smtlib2"],
        divModNoSlacks: false,
        showProvedSafe: true,
        showUnproved: true,
        showUnsupported: true,
        timeout: TIMEOUT_MS,
      },
      outputSelection: { "*": { "*": [] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { smtSolver: solve }));
  /** @type {{ severity: string, message: string, formattedMessage: string, sourceLocation?: { file: string, start: number } }[]} */
  const errors = output.errors ?? [];
  const broken = errors.filter((each) => each.severity === "error");
  if (broken.length > 0) throw new Error(broken.map((each) => each.formattedMessage).join("\n"));
  return assertionsOf(source).map(({ start, line, text }) => {
    const said = errors.filter((each) => each.sourceLocation?.file === file && each.sourceLocation.start === start);
    const safe = said.some((each) => each.message.includes("safe"));
    return { line, text, proved: safe && said.every((each) => each.message.includes("safe")) };
  });
}

/** @param {string} source */
function assertionsOf(source) {
  return [...source.matchAll(/assert\((.*)\);/g)].map((match) => ({
    // the compiler counts bytes
    start: Buffer.byteLength(source.slice(0, match.index)),
    line: source.slice(0, match.index).split("\n").length,
    text: match[1] ?? "",
  }));
}

const named = process.argv.slice(2);
const files = named.length > 0 ? named.map((each) => basename(each)) : globSync("*.sol", { cwd: import.meta.dirname });
let unproved = 0;
let proved = 0;
for (const file of files.filter((each) => each !== "Models.sol").sort()) {
  for (const assertion of prove(file)) {
    console.log(`${assertion.proved ? "proved " : "UNKNOWN"}  ${file}:${assertion.line}  ${assertion.text}`);
    if (assertion.proved) proved += 1;
    else unproved += 1;
  }
}
console.log(`${proved} proved, ${unproved} unknown`);
if (unproved > 0 || proved === 0) process.exitCode = 1;
