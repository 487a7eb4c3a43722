import { existsSync } from "node:fs";
import { runSteps } from "./steps.mjs";

/** Everything that can be said about the sources without running them: zero warnings. */
export const checkSteps = [
  { title: "types", command: "tsc", args: ["-p", "tsconfig.json"] },
  ...["indexer", "web"]
    .filter((folder) => existsSync(`${folder}/tsconfig.json`))
    .map((folder) => ({ title: `types of ${folder}`, command: "tsc", args: ["-p", `${folder}/tsconfig.json`] })),
  { title: "format and style", command: "biome", args: ["check", "--error-on-warnings", "."] },
  { title: "lint", command: "oxlint", args: ["--type-aware", "--deny-warnings", "."] },
  {
    title: "import rules",
    command: "depcruise",
    args: [
      "--config",
      ".dependency-cruiser.cjs",
      "api",
      "contracts",
      "indexer",
      "packages",
      "web",
      "test",
      "scripts",
      "bench",
    ],
  },
  { title: "dead code", command: "knip", args: ["--treat-config-hints-as-errors"] },
];

if (import.meta.main) process.exitCode = await runSteps(checkSteps);
