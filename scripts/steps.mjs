import { spawn } from "node:child_process";

/** @typedef {{ title: string, command: string, args: string[] }} Step */
/** @typedef {Step[][]} Lanes Steps that go on beside each other, those of a lane one after the other. */

/**
 * Runs commands one after the other, each with its elapsed time, and stops at the first that fails. What lanes but the first
 * print is shown when each of their steps has ended.
 * @param {Array<Step | Lanes>} steps
 * @returns {Promise<number>} the exit code: 0, or that of the step that failed
 */
export async function runSteps(steps) {
  const count = steps.flat(2).length;
  const run = new Run(count);
  for (const step of steps) {
    const lanes = Array.isArray(step) ? step : [[step]];
    await Promise.all(lanes.map((lane, index) => run.lane(lane, { isShown: index === 0 })));
    if (run.code !== 0) return run.code;
  }
  console.log(`\n✓ ${count} steps in ${run.elapsed()}`);
  return 0;
}

class Run {
  /** The exit code: that of the first step that failed. */
  code = 0;
  #begun = 0;
  #count;
  #startedAt = Date.now();
  /** @type {Set<import("node:child_process").ChildProcess>} */
  #running = new Set();

  /** @param {number} count */
  constructor(count) {
    this.#count = count;
  }

  /** @param {Step[]} steps @param {{ isShown: boolean }} options */
  async lane(steps, options) {
    for (const step of steps) {
      if (this.code === 0) await this.#step(step, options);
    }
  }

  /** @param {Step} step @param {{ isShown: boolean }} options */
  async #step(step, { isShown }) {
    const heading = `\n▸ ${++this.#begun}/${this.#count} ${step.title}   (${this.elapsed()})`;
    console.log(isShown ? heading : `${heading}, beside the others`);
    const { code, output } = await this.#run(step, isShown);
    if (this.code !== 0) return; // ended because another has failed
    if (output) console.log(`${heading}\n${output}`);
    if (code === 0) return;
    console.error(`\n✗ ${step.title} failed: ${step.command} ${step.args.join(" ")} ended with ${code}.`);
    this.code = code;
    for (const child of this.#running) child.kill("SIGINT");
  }

  /** @param {Step} step @param {boolean} isShown @returns {Promise<{ code: number, output: string }>} */
  #run({ command, args }, isShown) {
    return new Promise((resolve) => {
      const child = spawn(command, args, { stdio: isShown ? "inherit" : ["ignore", "pipe", "pipe"] });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding("utf8").on("data", (text) => {
          output += text;
        });
      this.#running.add(child);
      /** @param {number} code */
      const end = (code) => {
        this.#running.delete(child);
        resolve({ code, output });
      };
      child.on("error", (error) => {
        console.error(error.message);
        end(1);
      });
      child.on("close", (code, signal) => end(signal ? 1 : (code ?? 1)));
    });
  }

  elapsed() {
    return `${((Date.now() - this.#startedAt) / 1000).toFixed(1)} s`;
  }
}
