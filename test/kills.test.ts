import { expect, test } from "vitest";
import { runCampaign } from "./kills/campaign.ts";

const SEED = Number(process.env["SEED"] ?? 11);
const KILLS = 8;

test(`SIGKILL of servers, worker and PostgreSQL under load: all that was answered is billed, once (seed ${SEED}, ${KILLS} kills)`, async () => {
  const figures = await runCampaign({ kills: KILLS, seed: SEED, checkEvery: KILLS, say: () => {} });
  expect(figures.wrong).toEqual([]);
  expect(figures.answered).toBeGreaterThan(0);
});
