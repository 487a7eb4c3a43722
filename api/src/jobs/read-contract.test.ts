import { padHex, toHex } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Settlement, startSettlement } from "../testing/settlement.ts";
import { readAccounts, readVouchers } from "./read-contract.ts";

/** More than a node says with one answer, which EIP-170 limits. */
const MANY = 400;

let world: Settlement;

beforeAll(async () => {
  world = await startSettlement({ platformMicro: 7_000_000n });
});
afterAll(() => world.stop());

test("hundreds of accounts and vouchers are read, each in its place", async () => {
  const blockNumber = await world.chain.client.getBlockNumber();
  const numbers = Array.from({ length: MANY }, (_, index) => BigInt(MANY - index));
  const accounts = await readAccounts(world.chain, { numbers, blockNumber });
  expect(accounts.map(({ balance }) => balance)).toEqual(numbers.map((number) => (number === 1n ? 7_000_000n : 0n)));
  const keys = numbers.map((number) => padHex(toHex(number), { size: 20 }));
  const vouchers = await readVouchers(world.chain, { keys, blockNumber });
  expect(vouchers).toEqual(keys.map(() => 0n));
});
