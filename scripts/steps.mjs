import { spawn } from "node:child_process";

/** @typedef {{ title: string, command: string, args: string[] }} Step */

/**
 * Runs commands one after the other, each with its elapsed time, and stops at the first that fails.
 * @param {Step[]} steps
 * @returns {Promise<number>} the exit code: 0, or that of the step that failed
 */
export async function runSteps(steps) {
  const startedAt = Date.now();
  for (const [index, step] of steps.entries()) {
    console.log(`\n▸ ${index + 1}/${steps.length} ${step.title}   (${elapsed(startedAt)})`);
    const code = await run(step);
    if (code !== 0) {
      console.error(`\n✗ ${step.title} failed: ${step.command} ${step.args.join(" ")} ended with ${code}.`);
      return code;
    }
  }
  console.log(`\n✓ ${steps.length} steps in ${elapsed(startedAt)}`);
  return 0;
}

/** @param {Step} step @returns {Promise<number>} */
function run({ command, args }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit" });
    child.on("error", (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on("exit", (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
}

/** @param {number} since */
function elapsed(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
