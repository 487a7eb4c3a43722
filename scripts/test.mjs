import { checkLanes } from "./check.mjs";
import { runSteps } from "./steps.mjs";

/** @param {string} project */
const vitest = (project) => ({ title: `tests: ${project}`, command: "vitest", args: ["run", "--project", project] });

const solidity = { title: "tests: Solidity", command: "hardhat", args: ["test", "solidity"] };
const gas = { title: "gas of contracts", command: "node", args: ["bench/run.mjs", "gas", "--check"] };

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
  // Lanes that take about as long as each other: alone, each would mostly wait. What compiles contracts is in one of them.
  [
    ["api", "unit"].map(vitest),
    ["events", "stack"].map(vitest),
    [vitest("browser"), solidity, gas, vitest("contracts")],
  ],
]);
