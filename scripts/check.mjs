import { existsSync } from "node:fs";
import { runSteps } from "./steps.mjs";

const sources = ["api", "contracts", "indexer", "packages", "web", "test", "scripts", "bench"];

const types = [
  { title: "types", command: "tsc", args: ["-p", "tsconfig.json"] },
  ...["indexer", "web"]
    .filter((folder) => existsSync(`${folder}/tsconfig.json`))
    .map((folder) => ({ title: `types of ${folder}`, command: "tsc", args: ["-p", `${folder}/tsconfig.json`] })),
];

const rules = [
  { title: "format and style", command: "biome", args: ["check", "--error-on-warnings", "."] },
  { title: "import rules", command: "depcruise", args: ["--config", ".dependency-cruiser.cjs", ...sources] },
  { title: "dead code", command: "knip", args: ["--treat-config-hints-as-errors"] },
];

const lint = { title: "lint", command: "oxlint", args: ["--type-aware", "--deny-warnings", "."] };

/**
 * Everything that can be said about the sources without running them: zero warnings.
 * @param {import("./steps.mjs").Step[]} more what goes on beside it
 */
export const checkLanes = (...more) => [
  [...types, lint],
  [...rules, ...more],
];

if (import.meta.main) process.exitCode = await runSteps([checkLanes()]);
