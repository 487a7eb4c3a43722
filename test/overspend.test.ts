import { afterAll, beforeAll, expect, test } from "vitest";
import { readBalance } from "../api/src/ledger/balance.ts";
import { newKey, startWorld, type World } from "./kills/world.ts";

const REQUESTS = 1_000;
/** Worst case of one such request at the demo node's prices, and not of two, in nano-dollars. */
const MONEY = 200_000n;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

test("mistake 3: 1,000 requests at once on money for one, on two servers, overspend by one response at most", async () => {
  const buyer = await world.newBuyer(MONEY);
  const key = await newKey(buyer);
  const statuses = await Promise.all(
    Array.from({ length: REQUESTS }, async (_, index) => {
      const answer = await fetch(`${world.servers[index % 2]?.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({
          model: "demo/small",
          messages: [{ role: "user", content: "Say hello." }],
          max_tokens: 24,
        }),
      });
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
  const answered = statuses.filter((status) => status === 200).length;
  expect(answered).toBeGreaterThan(0);
  expect(new Set(statuses)).toEqual(new Set([200, 402]));
  const rows = await world.sql<Array<{ cost_nano: bigint }>>`
    select cost_nano from usage where account_id = ${buyer.account.id}`;
  expect(rows).toHaveLength(answered);
  const costs = rows.map((row) => row.cost_nano);
  const dearest = costs.reduce((a, b) => (a > b ? a : b));
  expect(costs.reduce((a, b) => a + b) - MONEY).toBeLessThanOrEqual(dearest);
  expect((await readBalance(world.sql, buyer.account.id)).held).toBe(0n);
});
