import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { PRIMARY_SALT } from "@infr/protocol";
import { type Abi, createTestClient, createWalletClient, encodeFunctionData, type Hex, http, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../../../scripts/process.ts";
import { startFollower } from "../../../test/faults/follower.ts";
import type { Chain } from "../chain/open.ts";
import { readBalance } from "../ledger/balance.ts";
import { differences } from "../ledger/store.ts";
import { newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { followChain } from "./follow-chain.ts";

const DEPTH = 3;
const DEPOSIT = 5_000_000n;
const rich = privateKeyToAccount(RICH_KEY);
let api: TestApi;
let follower: { stop: () => Promise<void> };
let first: TestUser;
let second: TestUser;

beforeAll(async () => {
  api = await startApi();
  const { sql, chain } = api;
  follower = await startFollower({ sql, rpcUrl: chain.rpcUrl, escrow: chain.escrow });
  [first, second] = [await newUser(api), await newUser(api)];
  await write(chain.usdc, testUsdcAbi, "mint", [rich.address, 10n ** 9n]);
  await write(chain.usdc, testUsdcAbi, "approve", [chain.escrow, 10n ** 9n]);
  for (const user of [first, second]) await deposit(user);
  await node().mine({ blocks: 80 });
  await follow("the accounts", async () => (await balanceOf(second)) === DEPOSIT);
});
afterAll(async () => {
  await follower.stop();
  await api.stop();
});

const node = () => createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) });
const deposit = (user: TestUser) =>
  write(api.chain.escrow, creditEscrowAbi, "depositFor", [
    privateKeyToAccount(user.privateKey).address,
    PRIMARY_SALT,
    DEPOSIT,
    zeroHash,
  ]);
const balanceOf = async ({ accountId }: TestUser) => (await readBalance(api.sql, accountId)).onChain / 1_000n;

async function write(to: Hex, abi: Abi, functionName: string, args: unknown[]): Promise<void> {
  const wallet = createWalletClient({ account: rich, transport: http(api.chain.rpcUrl) });
  const data = encodeFunctionData({ abi, functionName, args });
  const hash = await wallet.sendTransaction({ to, data, chain: null, gas: 3_000_000n });
  expect((await api.chain.client.waitForTransactionReceipt({ hash, checkReplacement: false })).status).toBe("success");
}

const round = (chain: Chain) => followChain({ sql: api.sql, chain, offRampAddress: null, trust: api.config.trust });
/** Takes over what the chain says until something is so. */
const follow = (what: string, check: () => Promise<boolean>) =>
  waitFor({
    what,
    timeoutMs: 15_000,
    check: async () => {
      await round(api.chain);
      return check();
    },
  });

const seen = async () =>
  (await api.sql<Array<{ n: number }>>`select count(*)::int as n from indexer.deposited`)[0]?.n ?? 0;

/** A deposit of the first is reorganised away, one of the second is mined above; the indexer has followed. */
async function replaceDeposit(): Promise<void> {
  const before = await seen();
  await node().request({ method: "anvil_reorg" as never, params: [DEPTH, []] as never });
  await waitFor({ what: "the indexer", timeoutMs: 10_000, check: async () => (await seen()) === before - 1 });
  await deposit(second);
  await waitFor({ what: "the indexer", timeoutMs: 10_000, check: async () => (await seen()) === before });
}

/** A deposit of the first that is booked, two blocks below the newest. */
async function bookedDeposit(): Promise<{ before: bigint; number: bigint; hash: Hex }> {
  const before = await balanceOf(first);
  await deposit(first);
  const { number, hash } = await api.chain.client.getBlock();
  await node().mine({ blocks: DEPTH - 1 });
  await follow("the deposit", async () => (await balanceOf(first)) === before + DEPOSIT);
  return { before, number, hash };
}

/** A way to the chain on which the answer about a block is one of before, so often. */
function stale({ number, hash }: { number: bigint; hash: Hex }, times: number, then: () => Promise<void>): Chain {
  let answered = 0;
  const { client } = api.chain;
  const getBlock = async (asked: Parameters<typeof client.getBlock>[0] = {}) => {
    if (asked.blockNumber !== number || answered >= times) return client.getBlock(asked);
    answered += 1;
    if (answered === 1) await then();
    return { ...(await client.getBlock(asked)), hash };
  };
  return { ...api.chain, client: { ...client, getBlock: getBlock as typeof client.getBlock } };
}

describe("followChain", () => {
  test("behavior: what comes between looking for orphans and booking leaves none below what is booked", async () => {
    const others = await balanceOf(second);
    const { before, ...block } = await bookedDeposit();
    await round(stale(block, 1, replaceDeposit));
    expect(await balanceOf(second)).toBe(others);
    await follow("the reversal", async () => (await balanceOf(second)) === others + DEPOSIT);
    expect(await balanceOf(first)).toBe(before);
    expect(await differences(api.sql)).toEqual([]);
  });

  test("behavior: an orphan below newer events is found before it counts as safe", async () => {
    const others = await balanceOf(second);
    const { before, ...block } = await bookedDeposit();
    await round(stale(block, 2, replaceDeposit));
    expect(await balanceOf(second)).toBe(others + DEPOSIT);
    expect(await balanceOf(first)).toBe(before + DEPOSIT);
    await round(api.chain);
    expect(await balanceOf(first)).toBe(before + DEPOSIT);
    await node().mine({ blocks: 80 });
    await round(api.chain);
    expect(await balanceOf(first)).toBe(before);
    expect(await balanceOf(second)).toBe(others + DEPOSIT);
    const [wrong] = await api.sql`
      select event_id from chain_events where block_hash = ${block.hash} and reversed_at is null`;
    expect(wrong).toBeUndefined();
    expect(await differences(api.sql)).toEqual([]);
  });
});
