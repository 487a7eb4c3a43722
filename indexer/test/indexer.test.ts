import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { deployEscrow } from "@infr/contracts/testing";
import postgres from "postgres";
import {
  createTestClient,
  type Hex,
  http,
  maxUint256,
  publicActions,
  type TransactionReceipt,
  walletActions,
  zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rpc } from "../../scripts/anvil.ts";
import { waitFor } from "../../scripts/process.ts";
import { startChain, type TestChain } from "../../test/chain.ts";
import { createEmptyDatabase, type TestDatabase } from "../../test/database.ts";
import { startIndexer, type TestIndexer } from "../../test/indexer.ts";

/** Anvil's first account. */
const deployerKey: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const account = privateKeyToAccount(deployerKey);

let chain: TestChain;
let client: ReturnType<typeof connect>;
let database: TestDatabase;
let indexer: TestIndexer;
let sql: postgres.Sql<{ bigint: bigint }>;
let escrow: Hex;

function connect(rpcUrl: string) {
  return createTestClient({ account, chain: foundry, mode: "anvil", transport: http(rpcUrl), pollingInterval: 50 })
    .extend(publicActions)
    .extend(walletActions);
}

beforeAll(async () => {
  chain = await startChain({ blockTime: 3, isMixed: true });
  client = connect(chain.rpcUrl);
  const contracts = await deployEscrow({ rpcUrl: chain.rpcUrl, deployerKey });
  escrow = contracts.escrow;
  const usdc = { address: contracts.usdc, abi: testUsdcAbi } as const;
  await mined(await client.writeContract({ ...usdc, functionName: "mint", args: [account.address, 10n ** 12n] }));
  await mined(await client.writeContract({ ...usdc, functionName: "approve", args: [escrow, maxUint256] }));
  database = await createEmptyDatabase();
  sql = postgres(database.url, { max: 2, onnotice: () => {}, types: { bigint: postgres.BigInt } });
  indexer = await start();
});

afterAll(async () => {
  await sql.end();
  await indexer.stop();
  await database.drop();
  await chain.stop();
});

function start(): Promise<TestIndexer> {
  return startIndexer({ databaseUrl: database.url, rpcUrl: chain.rpcUrl, escrow });
}

function mined(hash: Hex): Promise<TransactionReceipt> {
  return client.waitForTransactionReceipt({ hash, checkReplacement: false });
}

async function deposit(amount: bigint): Promise<TransactionReceipt> {
  const call = { address: escrow, abi: creditEscrowAbi, functionName: "deposit" } as const;
  return await mined(await client.writeContract({ ...call, args: [1, amount, zeroHash] }));
}

interface Row {
  id: string;
  block_number: bigint;
  block_hash: Hex;
  account: bigint;
  payer: Hex;
  amount: bigint;
  transaction_hash: Hex;
}

function rows(): Promise<Row[]> {
  return sql<Row[]>`
    select id, block_number, block_hash, account, payer, amount::bigint as amount, transaction_hash
    from indexer.deposited
    order by block_number, log_index`;
}

function waitForRows(what: string, check: (found: Row[]) => boolean): Promise<Row[]> {
  return waitFor({
    what,
    timeoutMs: 30_000,
    check: async () => {
      const found = await rows();
      return check(found) ? found : undefined;
    },
  });
}

const has = (amount: bigint) => (found: Row[]) => found.some((row) => row.amount === amount);

describe("indexer", () => {
  test("default: a deposit becomes a row that names its log", async () => {
    const receipt = await deposit(25_000_000n);
    const log = receipt.logs.find(({ address }) => address === escrow.toLowerCase());
    const [row] = await waitForRows("the deposit", has(25_000_000n));
    expect(row).toMatchObject({
      id: `31337:${receipt.blockHash}:${log?.logIndex}`,
      block_number: receipt.blockNumber,
      account: 1n,
      payer: account.address.toLowerCase(),
      amount: 25_000_000n,
      transaction_hash: receipt.transactionHash,
    });
  });

  test("behavior: a reorg takes the row away, a new block brings another", async () => {
    const first = await deposit(7_000_000n);
    await waitForRows("the deposit", has(7_000_000n));
    const head = await client.getBlockNumber({ cacheTime: 0 });
    await rpc(chain.rpcUrl, "anvil_reorg", [Number(head - first.blockNumber) + 1, []]);
    await waitForRows("its disappearance", (found) => !has(7_000_000n)(found));

    const second = await deposit(7_000_000n);
    const found = await waitForRows("the other deposit", has(7_000_000n));
    expect(second.blockHash).not.toBe(first.blockHash);
    expect(found.at(-1)?.block_hash).toBe(second.blockHash);
  });

  test("behavior: an emptied indexer comes to the same rows", async () => {
    const before = await rows();
    expect(before).toHaveLength(2);
    await indexer.kill();
    for (const { name } of await sql`select nspname as name from pg_namespace where nspname like 'indexer%'`) {
      await sql`drop schema ${sql(String(name))} cascade`;
    }
    indexer = await start();
    expect(await waitForRows("all rows", (found) => found.length === before.length)).toEqual(before);
  });

  test("behavior: one that was killed goes on where it was", async () => {
    await indexer.kill();
    const receipt = await deposit(9_000_000n);
    indexer = await start();
    const found = await waitForRows("the deposit", has(9_000_000n));
    expect(found.map((row) => row.amount)).toEqual([25_000_000n, 7_000_000n, 9_000_000n]);
    expect(found.at(-1)?.transaction_hash).toBe(receipt.transactionHash);
  });

  test("behavior: a chain that came back older than the indexer is indexed anew", async () => {
    const snapshot = await rpc(chain.rpcUrl, "evm_snapshot");
    await deposit(11_000_000n);
    await waitForRows("the deposit", has(11_000_000n));
    const { blockNumber } = await deposit(12_000_000n);
    // Further than Ponder believes that a reorg can reach.
    await client.mine({ blocks: 90 });
    await waitFor({
      what: "the deposit to be final for the indexer",
      timeoutMs: 30_000,
      check: async () => {
        const [row] = await sql<{ final: string }[]>`
          select finalized_checkpoint as final
          from indexer._ponder_checkpoint`;
        return BigInt(row?.final.slice(26, 42) ?? 0) > blockNumber;
      },
    });
    await indexer.stop();
    await rpc(chain.rpcUrl, "evm_revert", [snapshot]);
    indexer = await start();
    const found = await waitForRows("the older rows", (each) => each.length === 3);
    expect(has(11_000_000n)(found)).toBe(false);
  });
});
