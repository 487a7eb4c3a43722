import postgres from "postgres";
import { afterAll, beforeAll, test } from "vitest";
import { runFlow } from "../scripts/flow/flow.ts";
import { waitFor } from "../scripts/process.ts";
import { random } from "./random.ts";
import { startStack, type TestStack } from "./stack.ts";

const SEED = Number(process.env["SEED"] ?? 7);
const KILLS = Number(process.env["KILLS"] ?? 4);
const LEASE_MS = 45_000;

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ instances: 2 });
});
afterAll(() => stack?.stop());

test(`SIGKILL of servers and workers during the flow loses nothing that was answered (seed ${SEED}, ${KILLS} kills)`, async () => {
  const next = random(SEED);
  const lines: string[] = [];
  const flow = runFlow({ stack, say: (line) => lines.push(line), withdraw: false, cappedRequests: 40 });
  for (let kill = 0; kill < KILLS; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 300 + next() * 700));
    const pair = stack.pairs[next() < 0.7 ? 0 : 1];
    await (next() < 0.5 ? pair?.server : pair?.worker)?.killAndRestart();
  }
  if (!(await flow)) throw new Error(lines.join("\n"));

  const sql = postgres(stack.databaseUrl, { max: 1 });
  try {
    await waitFor({
      what: "the holds of dead processes to be released",
      timeoutMs: LEASE_MS,
      check: async () => (await sql`select from holds`).length === 0,
    });
  } finally {
    await sql.end();
  }
});
