import { creditEscrowAbi } from "@infr/contracts/abi";
import { nanoUsd } from "@infr/money";
import {
  accountCommitment,
  accountRef,
  buildSubTree,
  decodeLines,
  operationTypedData,
  PRIMARY_SALT,
  type Receipt,
  verifyReceipt,
} from "@infr/protocol";
import {
  type Address,
  bytesToHex,
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  padHex,
  toHex,
  zeroHash,
} from "viem";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MANY_QUESTIONS } from "../../chain/questions.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { readAccounts } from "../../jobs/read-contract.ts";
import { bookBalance, differences } from "../../ledger/store.ts";
import { capture } from "../../testing/captures.ts";
import { grantCredit } from "../../testing/lots.ts";
import { AT_ONCE } from "../../testing/on-chain.ts";
import {
  bookOpened,
  openAccount,
  type Settlement,
  send,
  settleAndBook,
  settler,
  startSettlement,
} from "../../testing/settlement.ts";
import { type BatchPolicy, buildBatch } from "./build-batch.ts";
import { flushCandidates } from "./claim-store.ts";
import { proveReceipt } from "./receipts.ts";
import { recomputeBatch } from "./recompute-batch.ts";
import { signBatch } from "./sign-batch.ts";

let world: Settlement;
beforeEach(async () => {
  world = await startSettlement();
});
afterEach(async () => {
  expect(await differences(world.sql)).toEqual([]);
  expect(await strays()).toEqual([]);
  await world.stop();
});

const ownerOf = (n: number): Address => padHex(toHex(0xb0b_0000 + n), { size: 20 });
const open = (n: number, balance = 5_000_000n) => openAccount(world, { owner: ownerOf(n), balance });
const build = (policy: Partial<BatchPolicy> = {}) => buildBatch(world, { ...AT_ONCE, ...policy });
const sign = () => signBatch({ sql: world.sql, chain: world.chain, settler });
const settle = async () => {
  await sign();
  return settleAndBook(world);
};

type Lines = Record<"debits" | "credits" | "referrals", Array<[string, bigint]>>;

/** The newest batch's lines by account. */
async function lines(): Promise<Lines> {
  const [batch] = await world.sql<Array<Record<"debits" | "credits" | "referrals", Uint8Array>>>`
    select debits, credits, referrals from batches order by batch_id desc limit 1`;
  if (!batch) throw new Error("there is no batch");
  const accounts = await world.sql<Array<{ account_id: string; chain_account: bigint }>>`
    select account_id, chain_account from accounts where chain_account is not null`;
  const names = new Map(accounts.map((row) => [Number(row.chain_account), row.account_id]));
  const read = (bytes: Uint8Array) =>
    decodeLines(bytesToHex(bytes)).map(({ id, amount }): [string, bigint] => [names.get(id) ?? "", amount]);
  return { debits: read(batch.debits), credits: read(batch.credits), referrals: read(batch.referrals) };
}

/** What the co-signer would be asked to sign. */
async function asked() {
  const [row] = await world.sql<Array<Record<string, string> & { seq: bigint; period_end: Date }>>`
    select seq, prev, receipts_root, period_end, encode(debits, 'hex') as debits, encode(credits, 'hex') as credits,
      encode(referrals, 'hex') as referrals
    from batches where state = 'built'`;
  if (!row) throw new Error("no batch is built");
  const hex = (text = ""): Hex => `0x${text}`;
  return {
    seq: row.seq,
    prev: row["prev"] as Hex,
    receiptsRoot: row["receipts_root"] as Hex,
    periodEnd: row.period_end.getTime() / 1000,
    debits: hex(row["debits"]),
    credits: hex(row["credits"]),
    referrals: hex(row["referrals"]),
  };
}

/** Captures whose batch is not one that lives. */
const strays = () => world.sql`
  select request_id from usage u where batch_id is not null
    and not exists (select from batches b where b.batch_id = u.batch_id and state <> 'voided')`;

const waiting = async () => (await world.sql`select from usage where batch_id is null`).length;

describe("buildBatch", () => {
  test("default: debits, gross and referred gross settle, and the ledger earns what the contract says", async () => {
    const [buyer, friend, operator, referrer] = [await open(1), await open(2), await open(3), await open(4)];
    await world.sql`insert into referrals (account_id, referrer_id) values (${buyer}, ${referrer}), (${friend}, ${referrer})`;
    for (let round = 0; round < 3; round += 1) {
      await capture(world.sql, { accountId: buyer, operatorId: operator, count: 3, cost: 77_000n, name: `${round}` });
      await capture(world.sql, { accountId: friend, operatorId: operator, count: 1, cost: 90_000n, name: `${round}` });
      await capture(world.sql, { accountId: operator, operatorId: friend, count: 1, cost: 55_000n, name: `${round}` });
      expect(await build()).toBe(5);
      expect(await lines()).toEqual({
        debits: [
          [buyer, 231n],
          [friend, 90n],
          [operator, 55n],
        ],
        credits: [
          [friend, 55n],
          [operator, 321n],
        ],
        referrals: [[referrer, 321n]],
      });
      await settle();
    }
    for (const accountId of [operator, friend, referrer, "acct_platform"]) {
      const booked = -(await bookBalance(world.sql, { book: "earnings", account: accountId }));
      expect(booked).toBe((await earnedOnChain(accountId)) * 1_000n);
    }
    expect(await bookBalance(world.sql, { book: "earnings", account: referrer })).toBe(-9_000n);
  });

  test("behavior: what platform-funded credit paid to an operator of low standing waits, paid usage does not", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    const caution = { newOperatorDays: 14, chargebackDays: 1 };
    const some = { accountId: buyer, operatorId: operator, cost: 9_000n };
    await world.sql`insert into nodes (node_id, account_id, name, url) values ('node_low', ${operator}, 'n', 'http://h')`;
    await grantCredit(world.sql, buyer, 10_000_000n);
    await capture(world.sql, { ...some, count: 2 });
    await capture(world.sql, { ...some, count: 3, funded: 9_000n, name: "f" });
    expect(await build({ caution })).toBe(2);
    await settle();
    expect(await build({ caution })).toBe(0);
    // What can't be disputed any more goes, the rest waits.
    await capture(world.sql, { ...some, count: 1, funded: 9_000n, name: "old", age: 2 * 86_400 });
    expect(await build({ caution })).toBe(1);
    await settle();
    await world.sql`insert into operator_standings (account_id, standing) values (${operator}, 'good')`;
    expect(await build({ caution })).toBe(3);
    await settle();
  });

  test("behavior: a referral that turns out to be self-dealing ends with the next batch, and not in those before it", async () => {
    const [buyer, operator, referrer] = [await open(1), await open(2), await open(3)];
    await world.sql`insert into referrals (account_id, referrer_id) values (${buyer}, ${referrer})`;
    const spend = (name: string) =>
      capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 400_000n, name });
    await spend("first");
    await build();
    // One card pays for both, and the co-signer computes the batch again after that.
    await world.sql`
      insert into card_fingerprints (account_id, fingerprint) values (${buyer}, 'card'), (${referrer}, 'card')`;
    expect((await lines()).referrals).toEqual([[referrer, 400n]]);
    await recomputeBatch(world.sql, await asked());
    await settle();
    await spend("second");
    await build();
    expect((await lines()).referrals).toEqual([]);
    await recomputeBatch(world.sql, await asked());
    await settle();
    const [ended] = await world.sql`select end_reason from referrals where account_id = ${buyer}`;
    expect(ended?.["end_reason"]).toContain("cards");
  });

  test("behavior: what a referrer's people pay waits for his account in the contract", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    await world.sql`
      insert into accounts (account_id, kind, owner, salt, ref)
      values ('acct_new', 'personal', ${ownerOf(9)}, ${zeroHash}, ${accountRef({ owner: ownerOf(9) })})`;
    await world.sql`insert into referrals (account_id, referrer_id) values (${buyer}, 'acct_new')`;
    for (const round of ["first", "second"]) {
      await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 400_000n, name: round });
      await build();
      expect((await lines()).referrals).toEqual([]);
      await settle();
    }
    expect(await open(9)).toBe("acct_new");
    await capture(world.sql, { accountId: operator, operatorId: buyer, count: 1, cost: 700_000n });
    await build();
    expect((await lines()).referrals).toEqual([["acct_new", 700n]]);
    await settle();
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 300_000n, name: "third" });
    await build();
    expect((await lines()).referrals).toEqual([["acct_new", 300n]]);
    await settle();
    const [left] = await world.sql`select carry_out_micro from batch_referrers order by batch_id desc limit 1`;
    expect(left).toEqual({ carry_out_micro: 100n });
  });

  test("behavior: gross of 6 µ a line is what the contract takes, 5 µ wait", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 5_000n });
    expect(await build()).toBe(0);
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 1_000n, name: "more" });
    expect(await build()).toBe(2);
    await settle();
  });

  test("behavior: platform-paid captures wait while account 1 is poor, paid usage behind them settles", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    await grantCredit(world.sql, buyer, 200_000_000_000n);
    const funded = { accountId: buyer, operatorId: operator, cost: 60_000_000n, funded: 60_000_000n };
    await capture(world.sql, { ...funded, count: 1_700, age: 60 });
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 10, cost: 1_000_000n });
    const room = Math.floor((100_000_000 - 10_000) / 60_000);
    expect(await build()).toBe(10 + room);
    const { debits } = await lines();
    expect(debits).toEqual([
      ["acct_platform", BigInt(room) * 60_000n],
      [buyer, 10_000n],
    ]);
    await settle();
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 2_000_000n, name: "paid" });
    expect(await build()).toBe(1);
    await settle();
    expect(await waiting()).toBe(1_700 - room);
  });

  test("behavior: a capture that is paid from both sides counts on both", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    await grantCredit(world.sql, buyer, 10_000_000n);
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 30_000n, funded: 10_000n });
    await build();
    expect((await lines()).debits).toEqual([
      ["acct_platform", 10n],
      [buyer, 20n],
    ]);
    await settle();
  });

  test("behavior: small usage waits for its age", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    const policy = { flushNano: 200_000_000n, flushAfterSeconds: 3_600 };
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 199_999_000n });
    expect(await build(policy)).toBe(0);
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 1_000n, name: "more" });
    expect(await build(policy)).toBe(2);
    await settle();
    await capture(world.sql, {
      accountId: buyer,
      operatorId: operator,
      count: 1,
      cost: 6_000n,
      name: "old",
      age: 3_601,
    });
    expect(await build(policy)).toBe(1);
    await settle();
  });

  test("behavior: between batches there is a pause, unless enough captures wait", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    const policy = { intervalMs: 3_600_000, fullCaptures: 5 };
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 10_000n });
    expect(await build(policy)).toBe(1);
    await settle();
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 4, cost: 10_000n, name: "more" });
    expect(await build(policy)).toBe(0);
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 10_000n, name: "last" });
    expect(await build(policy)).toBe(5);
    await settle();
  });

  test("behavior: the dearest and the one that waits longest come first by turns, and so do an account's operators", async () => {
    const [one, two, three, four] = [await open(1), await open(2), await open(3), await open(4)];
    const some = { count: 1, name: "some" };
    await capture(world.sql, { ...some, accountId: one, operatorId: two, cost: 1_000n, age: 500 });
    await capture(world.sql, { ...some, accountId: two, operatorId: one, cost: 2_000n, age: 600 });
    await capture(world.sql, { ...some, accountId: three, operatorId: one, cost: 900_000n });
    await capture(world.sql, { ...some, accountId: four, operatorId: one, cost: 100_000n, age: 40 });
    await capture(world.sql, { ...some, accountId: four, operatorId: two, cost: 300_000n, age: 20 });
    await capture(world.sql, { ...some, accountId: four, operatorId: three, cost: 200_000n, age: 50 });
    const candidates = await flushCandidates(world.sql, { flushNano: 500_000n, flushAfterSeconds: 300 });
    expect(candidates.map(({ accountId }) => accountId)).toEqual([three, two, four, one]);
    expect(candidates[2]?.operators).toEqual([two, three, one]);
    await build();
    await settle();
  });

  test("behavior: an account with more operators than a batch has lines is settled over several", async () => {
    const buyer = await open(0, 100_000_000n);
    const operators = await openMany(1_060);
    const { client } = world.chain;
    const numbers = operators.map((_, n) => BigInt(n + 2));
    const read = await readAccounts(world.chain, { numbers, blockNumber: await client.getBlockNumber() });
    expect(read).toHaveLength(1_060);
    for (let at = 0; at < operators.length; at += 10) {
      const some = operators.slice(at, at + 10);
      await Promise.all(
        some.map((operatorId) => capture(world.sql, { accountId: buyer, operatorId, count: 1, cost: 60_000n })),
      );
    }
    const built: number[] = [];
    while ((await waiting()) > 0) {
      built.push(await build());
      await settle();
    }
    expect(built).toEqual([250, 250, 250, 250, 60]);
  }, 120_000);

  test("behavior: a lower day limit that is about to count keeps a line below it, an hour before it does not", async () => {
    const owner = privateKeyToAccount(generatePrivateKey());
    const [buyer, operator] = [await openAccount(world, { owner: owner.address }), await open(2)];
    await queueDayLimit(owner, 100_000);
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 1, cost: 200_000_000n });
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 4, cost: 60_000_000n, name: "more" });
    const chain = createTestClient({ mode: "anvil", transport: http(world.chain.rpcUrl) });
    await chain.increaseTime({ seconds: 23 * 3_600 });
    await chain.mine({ blocks: 1 });
    expect(await build()).toBe(5);
    await world.sql`select give_up_batch((select max(batch_id) from batches), array['built'])`;
    await chain.increaseTime({ seconds: 3_000 });
    await chain.mine({ blocks: 1 });
    expect(await build()).toBe(0);
    await capture(world.sql, {
      accountId: buyer,
      operatorId: operator,
      count: 1,
      cost: 60_000_000n,
      name: "old",
      age: 60,
    });
    expect(await build()).toBe(1);
    await chain.increaseTime({ seconds: 700 });
    await chain.mine({ blocks: 1 });
    await sign();
    const data = encodeFunctionData({
      abi: creditEscrowAbi,
      functionName: "applyDayLimit",
      args: [await numberOf(buyer)],
    });
    await send(world.chain, world.chain.escrow, data);
    await settleAndBook(world);
  });

  test("behavior: an empty batch keeps the exit shut when nothing is used for long", async () => {
    const chain = createTestClient({ mode: "anvil", transport: http(world.chain.rpcUrl) });
    await chain.increaseTime({ seconds: 86_400 });
    await chain.mine({ blocks: 1 });
    await build({ heartbeatSeconds: 90_000 });
    expect(await world.sql`select from batches`).toHaveLength(0);
    await build({ heartbeatSeconds: 86_400 });
    expect(await lines()).toEqual({ debits: [], credits: [], referrals: [] });
    expect(await settle()).toMatchObject({ seq: 1n });
    const [seq, , settledAt] = await world.chain.client.readContract({
      address: world.chain.escrow,
      abi: creditEscrowAbi,
      functionName: "nextBatch",
    });
    expect(seq).toBe(2n);
    expect(BigInt(settledAt)).toBe((await world.chain.client.getBlock()).timestamp);
    await build({ heartbeatSeconds: 86_400 });
    expect(await world.sql`select from batches`).toHaveLength(1);
  });

  test("behavior: an account's captures are claimed over several slices, each once", async () => {
    const [buyer, operator] = [await open(1, 50_000_000n), await open(2)];
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 21_000, cost: 2_000n });
    await capture(world.sql, { accountId: operator, operatorId: buyer, count: 500, cost: 3_000n });
    expect(await build()).toBe(21_500);
    expect((await lines()).debits).toEqual([
      [buyer, 42_000n],
      [operator, 1_500n],
    ]);
    await settle();
  });

  test("error: nothing is put into a batch after it was drafted, whatever has become of it", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 2, cost: 9_000n });
    await build();
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 2, cost: 9_000n, name: "late" });
    const [batch] = await world.sql<[{ batch_id: bigint }]>`select batch_id from batches`;
    const joins = async (): Promise<void> => {
      for (const into of [batch.batch_id, batch.batch_id + 1n]) {
        const update = world.sql`update usage set batch_id = ${into} where batch_id is null`;
        await expect(update).rejects.toMatchObject({ code: "23001" });
        const copy = world.sql`
          insert into usage select (u).* from (
            select jsonb_populate_record(u, jsonb_build_object('request_id', 'req_copy', 'batch_id', ${into}::bigint)) as u
            from usage u where batch_id is null limit 1) c`;
        await expect(copy).rejects.toMatchObject({ code: "23001" });
      }
    };
    await joins();
    await sign();
    await joins();
    await settleAndBook(world);
    await joins();
    expect(await build()).toBe(2);
    await settle();
  });

  test("behavior: eight builders at once claim every capture once", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 300, cost: 9_000n });
    const built = await Promise.all(Array.from({ length: 8 }, () => build()));
    expect(built.toSorted((a, b) => b - a)).toEqual([300, 0, 0, 0, 0, 0, 0, 0]);
    await settle();
  });

  test("behavior: all 10,000 receipts of a batch verify against the root on the chain", async () => {
    const accounts = [];
    for (let n = 1; n <= 20; n += 1) accounts.push(await open(n));
    for (const [n, accountId] of accounts.entries()) {
      const operatorId = accounts[(n + 1) % 20] ?? "";
      await capture(world.sql, { accountId, operatorId, count: 500, cost: 3_000n + 1_000n * BigInt(n) });
    }
    expect(await build()).toBe(10_000);
    await settle();
    const root = await settledRoot();
    let valid = 0;
    for (const accountId of accounts) {
      const rows = await world.sql<Array<{ request_id: string }>>`
        select request_id from usage where account_id = ${accountId} order by random()`;
      const [one, ...rest] = await Promise.all(
        rows.slice(0, 5).map((row) => proveReceipt(world.sql, { requestId: row.request_id, accountId })),
      );
      for (const proven of [one, ...rest]) expect(proven && verifyReceipt({ ...proven, root })).toBe(true);
      // The others by the tree that a user makes of his receipts, which knows nothing of how ours was made.
      const receipts = await receiptsOf(accountId);
      const { proofs } = buildSubTree(receipts);
      for (const receipt of receipts) {
        const receiptProof = proofs.get(receipt.requestId);
        if (one && receiptProof && verifyReceipt({ ...one, root, receipt, receiptProof })) valid += 1;
      }
    }
    expect(valid).toBe(10_000);
  }, 120_000);

  test("behavior: ended before any of its statements it leaves nothing, and the next one builds the same", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    await world.sql`insert into referrals (account_id, referrer_id) values (${buyer}, ${operator})`;
    await grantCredit(world.sql, buyer, 10_000_000n);
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 40, cost: 9_000n });
    await capture(world.sql, {
      accountId: buyer,
      operatorId: operator,
      count: 9,
      cost: 9_000n,
      funded: 9_000n,
      name: "f",
    });
    let ended = 0;
    for (let statement = 1; ; statement += 1) {
      const { sql, hasEnded } = endedBefore(world.sql, statement);
      const built = await buildBatch({ ...world, sql }, AT_ONCE).catch(() => null);
      if (!hasEnded()) break;
      expect(built).toBeNull();
      expect(await waiting()).toBe(49);
      expect(await world.sql`select from batches`).toHaveLength(0);
      ended += 1;
    }
    expect(ended).toBeGreaterThan(12);
    expect(await lines()).toEqual({
      debits: [
        ["acct_platform", 81n],
        [buyer, 360n],
      ],
      credits: [[operator, 441n]],
      referrals: [[operator, 360n]],
    });
    await settle();
  });

  test("error: a batch that says anything else of its captures than they do is not committed", async () => {
    const [buyer, operator] = [await open(1), await open(2)];
    await capture(world.sql, { accountId: buyer, operatorId: operator, count: 2, cost: 9_000n });
    for (const tamper of [
      (tx: Tx) => tx`update batch_accounts set paid_nano = paid_nano + 1000, line_micro = line_micro + 1`,
      (tx: Tx) => tx`update batch_accounts set receipts = receipts + 1`,
      (tx: Tx) => tx`update batch_earners set earned_nano = earned_nano + 1000, line_micro = line_micro + 1`,
      (tx: Tx) => tx`update batches set gross_micro = gross_micro + 1`,
    ]) {
      const building = buildBatch({ ...world, sql: tampered(world.sql, tamper) }, AT_ONCE);
      await expect(building).rejects.toMatchObject({ code: "23514" });
    }
    expect(await waiting()).toBe(2);
    await build();
    const moved = world.sql`update usage set batch_id = 7`;
    await expect(moved).rejects.toMatchObject({ code: "23001" });
    await expect(world.sql`update usage set batch_id = null`).rejects.toMatchObject({ code: "23001" });
    await settle();
  });
});

const numberOf = async (accountId: string): Promise<number> =>
  Number((await world.sql`select chain_account from accounts where account_id = ${accountId}`)[0]?.["chain_account"]);

/** An owner asks for another day limit; a lower one counts after a day, when somebody says so. */
async function queueDayLimit(owner: PrivateKeyAccount, perDay: number): Promise<void> {
  const { chain } = world;
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const account = await chain.client.readContract({ ...escrow, functionName: "idOf", args: [owner.address] });
  const { nonce } = await chain.client.readContract({ ...escrow, functionName: "accountOf", args: [account] });
  const { timestamp } = await chain.client.getBlock();
  const limit = { account, perDay, deadline: Number(timestamp) + 600 };
  const signature = await owner.signTypedData(operationTypedData(chain, "DayLimit", { ...limit, nonce }));
  await send(
    chain,
    chain.escrow,
    encodeFunctionData({ ...escrow, functionName: "setDayLimit", args: [limit, signature] }),
  );
}

/** Opens so many accounts without a balance, whose numbers are lasting. */
async function openMany(count: number): Promise<string[]> {
  const { chain, sql } = world;
  const owners = Array.from({ length: count }, (_, n) => ownerOf(10_000 + n));
  const wallet = createWalletClient({ account: settler, transport: http(chain.rpcUrl) });
  const anvil = createTestClient({ mode: "anvil", transport: http(chain.rpcUrl) });
  const from = await chain.client.getTransactionCount({ address: settler.address });
  await anvil.setAutomine(false);
  for (const [n, owner] of owners.entries()) {
    const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "open", args: [owner, PRIMARY_SALT] });
    await wallet.sendTransaction({
      to: chain.escrow,
      data,
      nonce: from + n,
      gas: 150_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 0n,
      chain: null,
    });
    if (n % 100 === 99) await anvil.mine({ blocks: 1 });
  }
  await anvil.mine({ blocks: 1 });
  await anvil.setAutomine(true);
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const numbers = await chain.client.multicall({
    allowFailure: false,
    ...MANY_QUESTIONS,
    contracts: owners.map((owner) => ({ ...escrow, functionName: "idOf", args: [owner] }) as const),
  });
  return Promise.all(owners.map((owner, n) => bookOpened(sql, { number: Number(numbers[n]), owner })));
}

/** A database that fails before the nth statement of a transaction is sent. */
function endedBefore(sql: Sql, nth: number): { sql: Sql; hasEnded: () => boolean } {
  let sent = 0;
  const isStatement = (text: unknown) =>
    Array.isArray(text) && "raw" in text && /^\s*(select|with|insert|update)/.test(`${text[0]}`);
  const begin = (run: (tx: Tx) => Promise<unknown>) =>
    sql.begin((tx) =>
      run(
        new Proxy(tx, {
          apply: (target, self, args: Parameters<Tx>) => {
            if (isStatement(args[0]) && ++sent === nth) throw new Error("it ends here");
            return Reflect.apply(target, self, args);
          },
        }),
      ),
    );
  return {
    sql: new Proxy(sql, { get: (target, name) => (name === "begin" ? begin : Reflect.get(target, name)) }),
    hasEnded: () => sent >= nth,
  };
}

/** A database in which something is changed just before a transaction commits. */
function tampered(sql: Sql, tamper: (tx: Tx) => Promise<unknown>): Sql {
  const begin = (run: (tx: Tx) => Promise<unknown>) =>
    sql.begin(async (tx) => {
      const result = await run(tx);
      await tamper(tx);
      return result;
    });
  return new Proxy(sql, { get: (target, name) => (name === "begin" ? begin : Reflect.get(target, name)) });
}

async function settledRoot(): Promise<Hex> {
  const [event] = await world.chain.client.getContractEvents({
    address: world.chain.escrow,
    abi: creditEscrowAbi,
    eventName: "BatchSettled",
    fromBlock: 0n,
  });
  return event?.args.receiptsRoot ?? "0x";
}

/** An account's receipts, made by nothing but what is in the log. */
async function receiptsOf(accountId: string): Promise<Receipt[]> {
  const rows = await world.sql<Array<Record<string, never>>>`
    select u.*, a.ref, o.chain_account as operator from usage u join accounts a using (account_id)
    join accounts o on o.account_id = u.operator_id where u.account_id = ${accountId}`;
  return rows.map((row) => ({
    requestId: row["request_id"] ?? "",
    accountCommitment: accountCommitment({
      ref: row["ref"] ?? "0x",
      salt: bytesToHex(row["receipt_salt"] ?? new Uint8Array()),
    }),
    operator: Number(row["operator"]),
    model: row["model"] ?? "",
    priceVersion: row["price_version"] ?? "0x",
    promptTokens: row["prompt_tokens"] ?? 0,
    cachedTokens: row["cached_tokens"] ?? 0,
    completionTokens: row["completion_tokens"] ?? 0,
    reasoningTokens: row["reasoning_tokens"] ?? 0,
    units: Number(row["units"]),
    cost: nanoUsd(row["cost_nano"] ?? 0n),
    platformPaid: nanoUsd(row["funded_nano"] ?? 0n),
    usageSource: row["usage_source"] ?? "node",
    time: Math.floor(new Date(row["captured_at"] ?? 0).getTime() / 1000),
  }));
}

async function earnedOnChain(accountId: string): Promise<bigint> {
  const [row] = await world.sql<
    Array<{ n: bigint }>
  >`select chain_account as n from accounts where account_id = ${accountId}`;
  const word = await world.chain.client.readContract({
    address: world.chain.escrow,
    abi: creditEscrowAbi,
    functionName: "earnerOf",
    args: [Number(row?.n)],
  });
  return word.available + BigInt(word.previous) + BigInt(word.current);
}
