import { describe, expect, test } from "vitest";
import { KINDS, runModel } from "../model/run.ts";

/** The short profile; `node contracts/model/run.ts` runs longer. A failure names the seed and the count that replay it. */
const RUNS = Number(process.env.RUNS ?? 500);

describe("model", () => {
  test("default: the contract does what the model does, operation by operation", async () => {
    const seed = Number(process.env.SEED ?? 1);
    const tally = await runModel(seed, RUNS);
    const kinds = new Set([...tally.keys()].map((outcome) => outcome.split(" → ")[0]));
    if (!process.env.SEED && RUNS >= 500) expect(kinds).toEqual(new Set(KINDS));
  });

  test("behavior: with a seed that nobody has tried", async () => {
    const seed = Date.now() % 2 ** 32;
    console.log(`SEED=${seed} RUNS=${RUNS}`);
    await runModel(seed, RUNS);
  });
});
