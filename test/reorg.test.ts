import { microUsdc } from "@infr/money";
import postgres from "postgres";
import { createTestClient, http, toHex } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { must, type Signed, signIn } from "../scripts/flow/session.ts";
import { openWallet, type Wallet } from "../scripts/flow/wallet.ts";
import { waitFor } from "../scripts/process.ts";
import { startStack, type TestStack } from "./stack.ts";

const AMOUNT = microUsdc(25_000_000n);
const MEMO = toHex("reorg", { size: 32 });
const LIMIT_MS = 30_000;

let stack: TestStack;
let wallet: Wallet;
let buyer: Signed;
let chain: ReturnType<typeof createTestClient>;

beforeAll(async () => {
  stack = await startStack({ onDemand: true });
  wallet = openWallet(stack, stack.buyer.privateKey);
  buyer = await signIn(stack, stack.buyer.privateKey);
  chain = createTestClient({ mode: "anvil", transport: http(stack.rpc) });
  await wallet.approve(microUsdc(1_000_000_000n));
});
afterAll(() => stack?.stop());

const onChain = async () => must(await buyer.client.GET("/api/balance")).onChain;
const chainAccount = async () => must(await buyer.client.GET("/api/account")).account.chainAccount;
const deposits = async () =>
  must(await buyer.client.GET("/api/deposits", { params: { query: { limit: 200 } } })).deposits;
const until = (what: string, check: () => Promise<boolean>) => waitFor({ what, timeoutMs: LIMIT_MS, check });
const balanceIs = (usd: string) => until(`a balance of $${usd}`, async () => (await onChain()) === usd);

/** Takes back all blocks after `from`; `again` are transactions mined anew in the replacement. */
async function reorganise({ from, again = [] }: { from: bigint; again?: `0x${string}`[] }): Promise<void> {
  // A block that disappears while the indexer is asking for its logs is asked for again and again, with long pauses.
  await until("the indexer to have seen the newest block", async () => {
    const head = await wallet.reader.getBlockNumber({ cacheTime: 0 });
    const status = (await (await fetch(`${stack.indexer.url}/status`)).json()) as Record<
      string,
      { block: { number: number } }
    >;
    return Object.values(status).some(({ block }) => BigInt(block.number) >= head);
  });
  const depth = Number((await wallet.reader.getBlockNumber({ cacheTime: 0 })) - from);
  const pairs = again.map((raw) => [raw, 0]);
  await chain.request({ method: "anvil_reorg" as never, params: [depth, pairs] as never });
}

describe("a reorganisation", () => {
  test("of a deposit is followed by a reversal, and by nothing else when it stays away", async () => {
    const before = await wallet.reader.getBlockNumber({ cacheTime: 0 });
    await wallet.depositFor(AMOUNT, MEMO);
    await balanceIs("25");
    expect(await chainAccount()).toBe(2);
    await reorganise({ from: before });
    await balanceIs("0");
    expect((await deposits()).map(({ status }) => status)).toEqual(["reversed"]);
    // Events are taken back newest first, one by one: the opening comes after the deposit.
    await until("the account's number to be gone", async () => (await chainAccount()) === null);
  });

  test("after which the deposit is mined again is a new booking", async () => {
    const before = await wallet.reader.getBlockNumber({ cacheTime: 0 });
    const { hash } = await wallet.depositFor(AMOUNT, MEMO);
    await balanceIs("25");
    const raw = await rawTransaction(hash);
    await reorganise({ from: before, again: [raw] });
    await until("a reversal and a new booking", async () => {
      const states = (await deposits()).filter((one) => one.transactionHash === hash).map(({ status }) => status);
      return states.toSorted().join() === "credited,reversed";
    });
    expect(await onChain()).toBe("25");
  });

  test("of the contract's books leaves ledger and contract agreed", async () => {
    const result = must(await buyer.client.GET("/api/reserves"));
    expect(result).toMatchObject({ ok: true, differences: 0 });
  });
});

test("an emptied indexer takes nothing away", async () => {
  const before = await deposits();
  const sql = postgres(stack.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const [view] =
      await sql`select table_schema, view_definition from information_schema.views where table_schema = 'indexer' and table_name = 'deposited'`;
    const [source] = await sql`
      select distinct source.relnamespace::regnamespace::text as schema
      from pg_rewrite r join pg_depend d on d.objid = r.oid join pg_class source on source.oid = d.refobjid
      where r.ev_class = 'indexer.deposited'::regclass and source.relkind = 'r'`;
    expect(view).toBeDefined();
    await stack.indexer.stop();
    for (const table of ["deposited", "account_opened"]) await sql`truncate ${sql(source?.["schema"])}.${sql(table)}`;
  } finally {
    await sql.end();
  }
  const { hash } = await wallet.depositFor(AMOUNT, MEMO);
  expect(hash).toBeDefined();
  await chain.mine({ blocks: 10 });
  // Long enough for the worker to have looked several times.
  const looked = await wallet.reader.getBlockNumber({ cacheTime: 0 });
  await until("another block", async () => (await wallet.reader.getBlockNumber({ cacheTime: 0 })) > looked);
  expect(await deposits()).toEqual(before.map((row) => ({ ...row, finality: expect.any(String) })));
  expect(await onChain()).toBe("25");
});

/** The bytes of a mined transaction, to have it mined again. */
const rawTransaction = (hash: `0x${string}`): Promise<`0x${string}`> =>
  chain.request({ method: "eth_getRawTransactionByHash" as never, params: [hash] as never });
