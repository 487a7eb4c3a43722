import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

/** Every fuzz by its name: `pnpm fuzz <name> [--runs N] [--seed S]`. A short run of each is among the tests. */
const FUZZES = {
  http: {
    file: "api/src/http/fuzz.test.ts",
    runs: 20_000,
    about: "requests made from the OpenAPI document: no 5xx, answers as documented, exact books",
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string" }, seed: { type: "string" }, help: { type: "boolean" } },
});
const [name = "--help"] = positionals;
if (values.help || name === "--help") {
  console.log("pnpm fuzz <name> [--runs N] [--seed S]\n");
  for (const [each, { about, runs }] of Object.entries(FUZZES))
    console.log(`  ${each.padEnd(8)} ${about} (${runs} runs)`);
} else if (Object.hasOwn(FUZZES, name)) {
  const { file, runs } = FUZZES[/** @type {keyof typeof FUZZES} */ (name)];
  const env = {
    ...process.env,
    FUZZ_RUNS: values.runs ?? String(runs),
    FUZZ_SEED: values.seed ?? String(Math.floor(Math.random() * 2 ** 31)),
  };
  const child = spawn("vitest", ["run", "--project", "api", file], { stdio: "inherit", env });
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  console.error(`There is no fuzz "${name}": \`pnpm fuzz --help\` lists them.`);
  process.exitCode = 2;
}
