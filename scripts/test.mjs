import { checkSteps } from "./check.mjs";
import { runSteps } from "./steps.mjs";

/** @param {string} project */
const vitest = (project) => ({ title: `tests: ${project}`, command: "vitest", args: ["run", "--project", project] });

process.exitCode = await runSteps([
  ...checkSteps,
  { title: "generated files", command: "node", args: ["scripts/generate.mjs", "--check"] },
  { title: "tests: Solidity", command: "hardhat", args: ["test", "solidity"] },
  ...["unit", "contracts", "api", "stack"].map(vitest),
]);
