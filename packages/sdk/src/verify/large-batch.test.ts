import { http } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SettledWorld, settleWorld } from "../testing/settled-world.ts";
import { openSettledBatches } from "./settled-batches.ts";
import { verifyAccountFile } from "./verify-account.ts";
import { verifyReceiptFile } from "./verify-receipt.ts";

const [BUYERS, RECEIPTS, FIRST] = [40, 25, 3];

let world: SettledWorld;

beforeAll(async () => {
  world = await settleWorld({ buyers: BUYERS, receipts: RECEIPTS });
}, 120_000);
afterAll(() => world.stop());

test("all 1,000 receipts of a batch verify, one by one and by account, and the chain is asked once", async () => {
  const rpc = http(world.rpcUrl)({});
  let asked = 0;
  const client = {
    request: (call: Parameters<typeof rpc.request>[0]) => {
      asked += 1;
      return rpc.request(call);
    },
  };
  const batches = await openSettledBatches({ client, escrow: world.escrow });
  const failed: string[] = [];
  for (let account = FIRST; account < FIRST + BUYERS; account += 1) {
    for (let index = 0; index < RECEIPTS; index += 1) {
      const { ok } = await verifyReceiptFile(world.receiptFile(account, index), batches);
      if (!ok) failed.push(`receipt ${index} of ${account}`);
    }
    const { ok } = await verifyAccountFile(world.accountFile(account), batches);
    if (!ok) failed.push(`account ${account}`);
  }
  expect(failed).toEqual([]);
  expect(asked).toBeLessThan(BUYERS + 40);
}, 240_000);
