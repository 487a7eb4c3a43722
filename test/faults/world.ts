import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { deployEscrow } from "@infr/contracts/testing";
import { type NanoUsd, nanoUsd } from "@infr/money";
import { accountRef, PRIMARY_SALT } from "@infr/protocol";
import getPort from "get-port";
import { type Abi, createWalletClient, encodeFunctionData, type Hex, http, zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { openChain } from "../../api/src/chain/open.ts";
import { migrate } from "../../api/src/db/migrate.ts";
import { openDatabase } from "../../api/src/db/open.ts";
import type { Sql } from "../../api/src/db/types.ts";
import { UnavailableError } from "../../api/src/errors.ts";
import { newId, timeOfId } from "../../api/src/ids.ts";
import { Batcher } from "../../api/src/ledger/commit/batcher.ts";
import { renewLease } from "../../api/src/ledger/commit/store.ts";
import { startPostgres } from "../../scripts/postgres.mjs";
import { exited, waitFor } from "../../scripts/process.ts";
import { Part } from "../part.ts";
import { startFaultyChain } from "./chain.ts";
import { startFollower } from "./follower.ts";
import { preparePoints } from "./points.ts";
import { FaultProxy } from "./proxy.ts";

/** The chain's well-known funded accounts: one deploys, guards and governs, one signs and one sends. */
export const DEPLOYER: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const SETTLER: Hex = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
export const RELAYER: Hex = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
const BUYERS = 4;
const OPERATORS = 2;
const DEPOSIT_MICRO = 1_000_000_000n;
const START_MS = 30_000;

/** How the workers are set: everything that waits in production for seconds waits here for fractions of them. */
const SETTINGS = {
  BATCH_INTERVAL_MS: "100",
  FLUSH_USD: "0.000001",
  FLUSH_AFTER_SECONDS: "0",
  FEE_BUMP_AFTER_MS: "600",
  RPC_TIMEOUT_MS: "400",
  DATABASE_CONNECTIONS: "6",
  LOG_LEVEL: "warn",
  DEV: "false", // vitest sets it to 1
};

export type World = Awaited<ReturnType<typeof startWorld>>;

/**
 * Two workers on one PostgreSQL and one chain, each reached through proxies: two endpoints of the chain, one database for
 * each worker. Accounts with money on-chain, and a ledger that captures go through.
 */
export async function startWorld() {
  const folder = `.infr-test/faults-${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const postgres = await startRestartablePostgres(`${folder}/postgres`);
  const chain = await startFaultyChain(folder);
  const contracts = await deployEscrow({
    rpcUrl: chain.rpcUrl,
    deployerKey: DEPLOYER,
    settler: privateKeyToAccount(SETTLER).address,
  });
  const sql = openDatabase({ url: postgres.url, connections: 6 });
  await migrate(sql);
  await preparePoints(sql);
  const follower = await startFollower({ sql, rpcUrl: chain.rpcUrl, escrow: contracts.escrow });
  const market = await openMarket({ sql, rpcUrl: chain.rpcUrl, contracts });
  await chain.holdTransactions();
  await chain.mine(40);
  const secondNode = { port: chain.port };
  const endpoints = [await FaultProxy.start(() => chain.port), await FaultProxy.start(() => secondNode.port)] as const;
  const databases = [await FaultProxy.start(() => postgres.port), await FaultProxy.start(() => postgres.port)] as const;
  const workers = databases.map((database, n) => {
    const name = `worker_${n + 1}`;
    const settings = {
      ...SETTINGS,
      DATABASE_URL: `postgres://${name}@127.0.0.1:${database.port}/postgres`,
      RPC_URL: `http://127.0.0.1:${endpoints[0].port}`,
      RPC_FALLBACK_URLS: `http://127.0.0.1:${endpoints[1].port}`,
      CHAIN_ID: String(contracts.chainId),
      ESCROW_ADDRESS: contracts.escrow,
      USDC_ADDRESS: contracts.usdc,
      SETTLER_KEY: SETTLER,
      RELAYER_KEY: RELAYER,
    };
    return { name, part: new Part(`faults-${process.pid}-${name}`, ["api/src/worker.ts"], settings) };
  });
  await waitFor({
    what: "the deposits to be booked",
    timeoutMs: START_MS,
    check: async () => {
      const open = await sql`select from settleable_accounts join balances using (account_id) where chain_nano > 0`;
      return open.length === BUYERS + OPERATORS + 1;
    },
  });
  const view = openChain({ rpcUrl: chain.rpcUrl, viewsSchema: "indexer", ...contracts });
  return {
    postgres,
    chain,
    contracts,
    sql,
    view,
    endpoints,
    /** The node behind the second endpoint. */
    secondNode,
    databases,
    workers,
    ...market,
    stop: async () => {
      for (const proxy of [...endpoints, ...databases]) proxy.heal();
      await Promise.all(workers.map(({ part }) => part.stop()));
      await follower.stop();
      await sql.end({ timeout: 1 });
      await Promise.all([...endpoints, ...databases].map((proxy) => proxy.stop()));
      await chain.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A PostgreSQL that keeps its promises: what it has said is committed survives its death. */
async function startRestartablePostgres(dir: string) {
  const options = { dir, port: await getPort() };
  let server = await startPostgres(options);
  return {
    url: server.url,
    port: options.port,
    /** SIGKILL for the postmaster; its children notice, and a new one recovers from the log. */
    killAndRestart: async () => {
      const ended = exited(server.child);
      server.child.kill("SIGKILL");
      await ended;
      server = await waitFor({ what: "PostgreSQL again", timeoutMs: START_MS, check: () => startPostgres(options) });
    },
    stop: () => server.stop(),
  };
}

type Contracts = Awaited<ReturnType<typeof deployEscrow>>;
type Trader = { accountId: string; owner: Hex };

/** Calls a contract as the account that has everything. */
export async function write(
  rpcUrl: string,
  { to, abi, functionName, args }: { to: Hex; abi: Abi; functionName: string; args: unknown[] },
): Promise<Hex> {
  const wallet = createWalletClient({ account: privateKeyToAccount(DEPLOYER), transport: http(rpcUrl) });
  return wallet.sendTransaction({
    to,
    data: encodeFunctionData({ abi, functionName, args }),
    chain: null,
    gas: 3_000_000n,
  });
}

/** Buyers and operators with accounts in the contract, and USDC in them; the chain still mines on demand. */
async function openMarket({ sql, rpcUrl, contracts }: { sql: Sql; rpcUrl: string; contracts: Contracts }) {
  const { usdc, escrow } = contracts;
  const rich = privateKeyToAccount(DEPLOYER).address;
  const token = { to: usdc, abi: testUsdcAbi as Abi };
  const core = { to: escrow, abi: creditEscrowAbi as Abi };
  await write(rpcUrl, { ...token, functionName: "mint", args: [rich, 10n ** 12n] });
  await write(rpcUrl, { ...token, functionName: "approve", args: [escrow, 10n ** 12n] });
  await write(rpcUrl, { ...core, functionName: "deposit", args: [1, DEPOSIT_MICRO, zeroHash] });
  const traders: Trader[] = [];
  for (let n = 0; n < BUYERS + OPERATORS; n++) {
    const owner = privateKeyToAccount(generatePrivateKey()).address.toLowerCase() as Hex;
    const accountId = newId("acct");
    await sql`
      insert into accounts (account_id, kind, owner, salt, ref)
      values (${accountId}, 'personal', ${owner}, ${PRIMARY_SALT}, ${accountRef({ owner })})`;
    await write(rpcUrl, { ...core, functionName: "depositFor", args: [owner, PRIMARY_SALT, DEPOSIT_MICRO, zeroHash] });
    traders.push({ accountId, owner });
  }
  const instanceId = newId("inst");
  await renewLease(sql, { instanceId, leaseMs: 86_400_000, first: true });
  const batcher = new Batcher({ sql, instanceId });
  return {
    buyers: traders.slice(0, BUYERS),
    operators: traders.slice(BUYERS),
    capture: (usage: Usage) => capture(batcher, usage),
  };
}

type Usage = { accountId: string; operatorId: string; nano: bigint };

/** One answered request, billed: what a server would do. @returns its id */
async function capture(batcher: Batcher, { accountId, operatorId, nano }: Usage): Promise<string> {
  const cost = nanoUsd(nano);
  const none = nanoUsd(0n);
  const requestId = await hold(batcher, { accountId, cost });
  const captured = await batcher.capture({
    requestId,
    accountId,
    startedAt: timeOfId(requestId),
    keyId: null,
    userId: null,
    model: "faults",
    nodeId: "node_faults",
    operatorId,
    priceVersion: zeroHash,
    tokens: { prompt: 1, cached: 0, completion: 0, reasoning: 0 },
    cost: { prompt: cost, cached: none, completion: none, reasoning: none },
    latencyMs: 1,
    status: "ok",
    usageSource: "node",
    receiptSalt: randomBytes(32).toString("hex"),
  });
  if (captured.outcome !== "captured") throw new Error(`a capture was ${captured.outcome}`);
  return requestId;
}

/** While the database is down a buyer is told so, and asks again. @returns the request that was let in */
async function hold(batcher: Batcher, { accountId, cost }: { accountId: string; cost: NanoUsd }): Promise<string> {
  for (;;) {
    const requestId = newId("req");
    try {
      const { outcome, refusedBy } = await batcher.hold({
        requestId,
        accountId,
        worst: cost,
        floor: cost,
        subjects: [],
      });
      if (outcome === "held") return requestId;
      throw new Error(`a hold was ${outcome} by ${refusedBy}`);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }
}
