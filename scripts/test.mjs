import { checkLanes } from "./check.mjs";
import { runSteps } from "./steps.mjs";

/** @param {string} project */
const vitest = (project) => ({ title: `tests: ${project}`, command: "vitest", args: ["run", "--project", project] });

process.exitCode = await runSteps([
  checkLanes(
    { title: "generated files", command: "node", args: ["scripts/generate.mjs", "--check"] },
    { title: "lists of docs/contracts.md", command: "node", args: ["contracts/scripts/write-docs.ts", "--check"] },
    {
      title: "lint of contracts",
      command: "solhint",
      args: ["--config", "contracts/.solhint.json", "--max-warnings", "0", "contracts/{src,dev,examples}/**/*.sol"],
    },
  ),
  // What computes beside what mostly waits: two processors have something to do all the time.
  [
    [
      { title: "tests: Solidity", command: "hardhat", args: ["test", "solidity"] },
      { title: "gas of contracts", command: "node", args: ["bench/run.mjs", "gas", "--check"] },
      ...["unit", "contracts", "api"].map(vitest),
    ],
    ["events", "stack"].map(vitest),
    ["browser"].map(vitest),
  ],
]);
