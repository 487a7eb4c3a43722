import { checkSteps } from "./check.mjs";
import { runSteps } from "./steps.mjs";

const vitest = (/** @type {string} */ project) => ({
  title: `tests: ${project}`,
  command: "vitest",
  args: ["run", "--project", project],
});

process.exitCode = await runSteps([...checkSteps, vitest("unit")]);
