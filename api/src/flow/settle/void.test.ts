import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { PRIMARY_SALT } from "@infr/protocol";
import {
  type Abi,
  bytesToHex,
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../../../../scripts/process.ts";
import { startFollower } from "../../../../test/faults/follower.ts";
import { sendTransactions } from "../../chain/outbox.ts";
import { followChain } from "../../jobs/follow-chain.ts";
import { reconcile } from "../../jobs/reconcile.ts";
import { readBalance } from "../../ledger/balance.ts";
import { bookBalance, differences } from "../../ledger/store.ts";
import { credit, newUser, RICH_KEY, sellNode, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { AT_ONCE } from "../../testing/on-chain.ts";
import { buildBatch } from "../batch/build-batch.ts";
import { BatchRefusedError } from "../batch/recompute-batch.ts";
import { signBatch } from "../batch/sign-batch.ts";
import { giveUpBatch, listBatches } from "./store.ts";
import { submitBatch } from "./submit-batch.ts";

const SETTLEMENT_GROUP = 2;
const rich = privateKeyToAccount(RICH_KEY);
let api: TestApi;
let buyer: TestUser;
let operator: TestUser;
let follower: { stop: () => Promise<void> };

beforeAll(async () => {
  api = await startApi();
  const { sql, chain } = api;
  follower = await startFollower({ sql, rpcUrl: chain.rpcUrl, escrow: chain.escrow });
  operator = await sellNode(api, { url: api.node.url, models: ["demo/large"] });
  buyer = await newUser(api);
  await write(chain.usdc, testUsdcAbi, "mint", [rich.address, 10n ** 9n]);
  await write(chain.usdc, testUsdcAbi, "approve", [chain.escrow, 10n ** 9n]);
  await escrow("deposit", [1, 100_000_000n, zeroHash]);
  for (const user of [buyer, operator]) await deposit(user, 5_000_000n);
  await node().mine({ blocks: 80 });
  await follow("accounts", async () => (await sql`select from settleable_accounts`).length === 3);
});
afterAll(async () => {
  await follower.stop();
  await api.stop();
});

const node = () => createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) });
const escrow = (functionName: string, args: unknown[]) => write(api.chain.escrow, creditEscrowAbi, functionName, args);
const deposit = (user: TestUser, amount: bigint) =>
  escrow("depositFor", [privateKeyToAccount(user.privateKey).address, PRIMARY_SALT, amount, zeroHash]);

async function write(to: Hex, abi: Abi, functionName: string, args: unknown[]): Promise<void> {
  const wallet = createWalletClient({ account: rich, transport: http(api.chain.rpcUrl) });
  const data = encodeFunctionData({ abi, functionName, args });
  // More than is estimated: what refills with time costs more or less a second later.
  const hash = await wallet.sendTransaction({ to, data, chain: null, gas: 3_000_000n });
  expect((await api.chain.client.waitForTransactionReceipt({ hash, checkReplacement: false })).status).toBe("success");
}

const chat = (tokens: number) =>
  buyer.openai.chat.completions.create({
    model: "demo/large",
    messages: [{ role: "user", content: `Write ${tokens} tokens.` }],
    max_tokens: tokens,
  });
const newest = async () => (await listBatches(api.sql, { limit: 1, seq: null }))[0];
const stateOf = async (batchId: bigint) =>
  (await api.sql<Array<{ state: string }>>`select state from batches where batch_id = ${batchId}`)[0]?.state;
const build = () => buildBatch({ sql: api.sql, chain: api.chain }, AT_ONCE);
const sign = () => signBatch({ sql: api.sql, chain: api.chain, settler: rich });
const submit = () => submitBatch({ sql: api.sql, chain: api.chain, relayer: rich.address });
const send = () =>
  sendTransactions({ sql: api.sql, chain: api.chain, account: rich, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });

/** Takes over what the chain says until something is so. */
const follow = (what: string, check: () => Promise<boolean>) =>
  waitFor({
    what,
    timeoutMs: 15_000,
    check: async () => {
      await followChain({ sql: api.sql, chain: api.chain, offRampAddress: null, trust: api.config.trust });
      return check();
    },
  });

/** Builds the next batch and brings it through. @returns it */
async function settle(): Promise<bigint> {
  expect(await build()).toBeGreaterThan(0);
  const batchId = (await newest())?.batch_id ?? 0n;
  await sign();
  await submit();
  await send();
  await send();
  await follow("a settlement", async () => (await stateOf(batchId)) === "mined");
  return batchId;
}

/** The guardian has the contract undo a batch. */
async function undo(batchId: bigint): Promise<void> {
  const [batch] = await api.sql`select * from batches where batch_id = ${batchId}`;
  const settlement = {
    seq: batch?.["seq"],
    prev: batch?.["prev"],
    receiptsRoot: batch?.["receipts_root"],
    periodEnd: Math.floor(batch?.["period_end"].getTime() / 1000),
    deadline: Number(batch?.["deadline"]),
    debits: bytesToHex(batch?.["debits"]),
    credits: bytesToHex(batch?.["credits"]),
    referrals: bytesToHex(batch?.["referrals"]),
  };
  const { timestamp } = await api.chain.client.getBlock();
  await escrow("pause", [SETTLEMENT_GROUP, Number(timestamp) + 86_400]);
  await escrow("void", [settlement]);
  await escrow("unpause", [SETTLEMENT_GROUP]);
}

/** All that the books say of those who are concerned. */
const books = async () => ({
  buyer: await readBalance(api.sql, buyer.accountId),
  platform: await readBalance(api.sql, "acct_platform"),
  earned: await bookBalance(api.sql, { book: "earnings" }),
  unsettled: await bookBalance(api.sql, { book: "unsettled" }),
  carries: await api.sql`select * from earner_carries where carry <> 0 order by 1`,
  settled: await api.sql`select account_id, settled_nano from balances order by 1`,
});
const agrees = async () => {
  expect(await differences(api.sql)).toEqual([]);
  expect((await reconcile({ sql: api.sql, chain: api.chain })).differences).toEqual([]);
};
/** What the buyer and the platform have, in nano-dollars, by our books or by the contract's. */
const onBoth = (whose: "ledger" | "chain"): Promise<bigint[]> =>
  Promise.all(
    [buyer.accountId, "acct_platform"].map(async (accountId) => {
      if (whose === "ledger") return (await readBalance(api.sql, accountId)).onChain;
      const [row] = await api.sql`select chain_account from accounts where account_id = ${accountId}`;
      const { balance } = await api.chain.client.readContract({
        address: api.chain.escrow,
        abi: creditEscrowAbi,
        functionName: "accountOf",
        args: [Number(row?.["chain_account"])],
      });
      return balance * 1_000n;
    }),
  );
const capturesOf = async (batchId: bigint) =>
  (await api.sql`select request_id from usage where batch_id = ${batchId} order by 1`).map((row) => row["request_id"]);

describe("bookVoid", () => {
  test("default: the books are what they were before the batch, and its captures go into the next one", async () => {
    await chat(300);
    await chat(217);
    const before = await books();
    const undone = await settle();
    const captures = await capturesOf(undone);
    expect(captures).toHaveLength(2);
    await undo(undone);
    await follow("the undoing", async () => (await stateOf(undone)) === "voided");
    expect(await books()).toEqual(before);
    await agrees();
    const again = await settle();
    expect(await newest()).toMatchObject({ seq: 2n, state: "mined", prev: zeroHash });
    expect(await capturesOf(again)).toEqual(captures);
    await agrees();
  });

  test("behavior: what was repaid of an overdraft in between is the account's, not the platform's", async () => {
    const lent = 1_000_000_000n;
    const { spendable } = await readBalance(api.sql, buyer.accountId);
    await credit(api.sql, buyer.accountId, 2n * lent); // credit that the contract does not know
    for (let left = spendable + lent; left > 0n; left -= 205_000_000n) await chat(1_000);
    const undone = await settle();
    expect((await readBalance(api.sql, buyer.accountId)).debt).toBeGreaterThan(0n);
    await deposit(buyer, 5_000_000n);
    await follow("the deposit", async () => (await readBalance(api.sql, buyer.accountId)).debt === 0n);
    const before = { ledger: await onBoth("ledger"), chain: await onBoth("chain") };
    await undo(undone);
    await follow("the undoing", async () => (await stateOf(undone)) === "voided");
    const gained = (now: bigint[], then: bigint[]) => now.map((amount, n) => amount - (then[n] ?? 0n));
    expect(gained(await onBoth("ledger"), before.ledger)).toEqual(gained(await onBoth("chain"), before.chain));
    expect((await readBalance(api.sql, buyer.accountId)).debt).toBe(0n);
    expect(await differences(api.sql)).toEqual([]);
    await settle();
  });

  test("behavior: an undoing that is reorganised away leaves the batch settled, and nothing else gets its captures", async () => {
    await chat(100);
    const batch = await settle();
    const captures = await capturesOf(batch);
    const before = await books();
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    await undo(batch);
    await follow("the undoing", async () => (await stateOf(batch)) === "voided");
    expect(await build()).toBe(1);
    await sign();
    const other = (await newest())?.batch_id ?? 0n;
    expect(await capturesOf(other)).toEqual(captures);
    const depth = Number((await api.chain.client.getBlockNumber({ cacheTime: 0 })) - from);
    await node().request({ method: "anvil_reorg" as never, params: [depth, []] as never });
    await node().mine({ blocks: 40 }); // it is safe that the other can't be settled
    await Promise.all([submit(), follow("the reversal", async () => (await stateOf(batch)) === "mined")]);
    await submit();
    expect(await stateOf(other)).toBe("voided");
    expect(await capturesOf(batch)).toEqual(captures);
    expect(await books()).toEqual(before);
    expect(await differences(api.sql)).toEqual([]);
  });

  test("behavior: nor does a batch that was built on it and is refused unsigned, or one that is built at that moment", async () => {
    await chat(100);
    const batch = await settle();
    const captures = await capturesOf(batch);
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    await undo(batch);
    await follow("the undoing", async () => (await stateOf(batch)) === "voided");
    expect(await build()).toBe(1);
    const other = (await newest())?.batch_id ?? 0n;
    const depth = Number((await api.chain.client.getBlockNumber({ cacheTime: 0 })) - from);
    await node().request({ method: "anvil_reorg" as never, params: [depth, []] as never });
    await follow("the reversal", async () => (await stateOf(batch)) === "mined");
    const letGo = api.sql.begin(async (tx) => {
      await tx`update batches set state = 'voided' where batch_id = ${other}`;
      await tx`update usage set batch_id = null where batch_id = ${other}`;
    });
    await expect(letGo).rejects.toMatchObject({ code: "23001" });
    const coSigner = () => Promise.reject(new BatchRefusedError("it is not the contract's next one"));
    const refused = signBatch({ sql: api.sql, chain: api.chain, settler: rich, coSigner });
    await expect(refused).rejects.toBeInstanceOf(BatchRefusedError);
    expect(await stateOf(other)).toBe("voided");
    expect(await capturesOf(batch)).toEqual(captures);
    const put = (into: bigint | null) =>
      api.sql.begin(async (tx) => {
        await tx`set local session_replication_role = replica`;
        await tx`update usage set batch_id = ${into} where request_id in ${tx(captures)}`;
      });
    await put(null);
    await expect(build()).rejects.toMatchObject({ code: "23001" });
    await put(batch);
    expect(await differences(api.sql)).toEqual([]);
  });
});

describe("giveUpBatch", () => {
  test("behavior: whose its captures are is not answered while somebody else answers it", async () => {
    await chat(100);
    const batch = await settle();
    const captures = await capturesOf(batch);
    const from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
    await undo(batch);
    await follow("the undoing", async () => (await stateOf(batch)) === "voided");
    expect(await build()).toBe(1);
    const other = (await newest())?.batch_id ?? 0n;
    const depth = Number((await api.chain.client.getBlockNumber({ cacheTime: 0 })) - from);
    await node().request({ method: "anvil_reorg" as never, params: [depth, []] as never });
    const [isGivenUp, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const givingUp = api.sql.begin(async (tx) => {
      await tx`select give_up_batch(${other}, array['built'])`;
      isGivenUp.resolve();
      await mayCommit.promise;
    });
    await isGivenUp.promise;
    const reversing = follow("the reversal", async () => (await stateOf(batch)) === "mined");
    const waits = async () => {
      const rows = await api.sql`
        select from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and l.relation = 'voided_captures'::regclass and not l.granted`;
      return rows.length > 0;
    };
    await waitFor({ what: "the reversal to wait", timeoutMs: 10_000, check: waits });
    mayCommit.resolve();
    await Promise.all([givingUp, reversing]);
    expect(await stateOf(other)).toBe("voided");
    expect(await capturesOf(batch)).toEqual(captures);
    expect(await differences(api.sql)).toEqual([]);
  });

  test("behavior: one that is late does nothing to the batch that has taken the number", async () => {
    await chat(100);
    expect(await build()).toBe(1);
    await sign();
    const dead = await newest();
    await node().increaseTime({ seconds: 200 });
    await node().mine({ blocks: 80, interval: 1 });
    const giveUp = () => giveUpBatch(api.sql, dead?.batch_id ?? 0n);
    await submit();
    expect(await build()).toBe(1);
    expect(await newest()).toMatchObject({ seq: dead?.seq, state: "built" });
    await Promise.all([giveUp(), giveUp(), giveUp()]);
    expect(await newest()).toMatchObject({ seq: dead?.seq, state: "built" });
    const [free] = await api.sql<[{ n: number }]>`select count(*)::int as n from usage where batch_id is null`;
    expect(free.n).toBe(0);
  });
});
