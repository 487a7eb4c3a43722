import { expect, test } from "vitest";
import { runCampaign } from "./faults/campaign.ts";

const SEED = Number(process.env["SEED"] ?? 5);
const BATCHES = 8;

test(`${BATCHES} batches, something bad happening to each (seed ${SEED}): captured = batched = settled = earned`, async () => {
  const options = { batches: BATCHES, seed: SEED, checkEvery: BATCHES, only: [], hasCoSigner: SEED % 2 === 0 };
  const figures = await runCampaign({ ...options, say: () => {} });
  expect(figures.wrong).toEqual([]);
  expect(figures.faulted).toBe(BATCHES);
});
