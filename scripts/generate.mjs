import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const CONTRACTS = "contracts/scripts/write-abi.ts";

/** What is generated, and how: each from what stands before it. */
const STEPS = [
  {
    words: ["node", CONTRACTS],
    files: ["bytecode.ts", "credit-escrow.ts", "test-usdc.ts"].map((file) => `contracts/abi/${file}`),
  },
  { words: ["node", "packages/protocol/scripts/write-vectors.ts"], files: ["packages/protocol/vectors/vectors.json"] },
  { words: ["node", "api/scripts/write-openapi.ts"], files: ["api/openapi.json"] },
  {
    words: [
      "packages/sdk/node_modules/.bin/openapi-typescript",
      "api/openapi.json",
      "-o",
      "packages/sdk/src/openapi.ts",
    ],
    files: ["packages/sdk/src/openapi.ts"],
  },
];

/**
 * Writes generated files anew. With `--check` it ends with 1 if that changes any: what is committed is stale. The
 * contracts are not compiled for that, their file says which sources it was compiled from.
 */
const isCheck = process.argv.includes("--check");
const stale = [];
for (const { words, files } of STEPS) {
  const before = files.map((file) => readFileSync(file, "utf8"));
  const [command = "", ...args] = words;
  execFileSync(command, isCheck && words.includes(CONTRACTS) ? [...args, "--check"] : args, {
    stdio: ["ignore", "ignore", "inherit"],
  });
  stale.push(...files.filter((file, index) => readFileSync(file, "utf8") !== before[index]));
}
console.log(stale.length === 0 ? "Generated files are up to date." : `Written anew: ${stale.join(", ")}. Commit them.`);
if (isCheck && stale.length > 0) process.exitCode = 1;
