import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { deployEscrow, deploySettlerWallet } from "@infr/contracts/testing";
import { type NanoUsd, nanoUsd } from "@infr/money";
import { accountRef, PRIMARY_SALT, priceVersionOf } from "@infr/protocol";
import getPort from "get-port";
import { type Abi, createWalletClient, encodeFunctionData, type Hex, http, zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { openChain } from "../../api/src/chain/open.ts";
import { migrate } from "../../api/src/db/migrate.ts";
import { openDatabase } from "../../api/src/db/open.ts";
import type { Sql } from "../../api/src/db/types.ts";
import { OverloadedError, UnavailableError } from "../../api/src/errors.ts";
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

/** The chain's well-known funded accounts: one deploys, guards and governs, one signs, one sends, one co-signs. */
export const DEPLOYER: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const SETTLER: Hex = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
export const RELAYER: Hex = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
const COSIGNER: Hex = "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6";
const BUYERS = 4;
const OPERATORS = 2;
const DEPOSIT_MICRO = 1_000_000_000n;
const START_MS = 90_000;

/** How the workers are set: everything that waits in production for seconds waits here for fractions of them. */
export const SETTINGS = {
  BATCH_INTERVAL_MS: "100",
  FLUSH_USD: "0.000001",
  FLUSH_AFTER_SECONDS: "0",
  FEE_BUMP_AFTER_MS: "600",
  RPC_TIMEOUT_MS: "400",
  DATABASE_CONNECTIONS: "6",
  ROUND_LIMIT_MS: "8000",
  LOG_LEVEL: "warn",
  DEV: "false", // vitest sets it to 1
};

export type World = Awaited<ReturnType<typeof startWorld>>;

/**
 * Two workers on one PostgreSQL and one chain, each reached through proxies: two endpoints of the chain, one database for
 * each worker; a co-signer beside them, if wanted. Accounts with money on-chain, and a ledger that captures go through.
 */
export async function startWorld({ hasCoSigner }: { hasCoSigner: boolean }) {
  const folder = `.infr-test/faults-${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const postgres = await startRestartablePostgres(`${folder}/postgres`);
  const chain = await startFaultyChain(folder);
  const contracts = await deploy(chain.rpcUrl, { hasCoSigner });
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
  const settings = {
    ...SETTINGS,
    RPC_URL: `http://127.0.0.1:${endpoints[0].port}`,
    RPC_FALLBACK_URLS: `http://127.0.0.1:${endpoints[1].port}`,
    CHAIN_ID: String(contracts.chainId),
    ESCROW_ADDRESS: contracts.escrow,
    USDC_ADDRESS: contracts.usdc,
  };
  const coSigner = hasCoSigner ? await startCoSigner({ sql, settings, databasePort: postgres.port }) : null;
  const ways = { ...settings, ...(coSigner && { COSIGNER_URL: `http://127.0.0.1:${coSigner.proxy.port}` }) };
  const workers = [startWorker(1, ways, databases[0]), startWorker(2, ways, databases[1])] as const;
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
    coSigner,
    ...market,
    stop: async () => {
      for (const proxy of [...endpoints, ...databases]) proxy.heal();
      await Promise.all(workers.map(({ part }) => part.stop()));
      await coSigner?.stop();
      await follower.stop();
      await sql.end({ timeout: 1 });
      await Promise.all([...endpoints, ...databases].map((proxy) => proxy.stop()));
      await chain.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A worker with a name of its own in the database. */
function startWorker(n: 1 | 2, settings: Record<string, string>, database: FaultProxy) {
  const name = `worker_${n}`;
  const own = {
    ...settings,
    DATABASE_URL: `postgres://${name}@127.0.0.1:${database.port}/postgres`,
    SETTLER_KEY: SETTLER,
    RELAYER_KEY: RELAYER,
  };
  return { name, part: new Part(`faults-${process.pid}-${name}`, ["api/src/worker.ts"], own) };
}

/** The contract's settler is the workers' key, or a wallet of that and the co-signer's. */
async function deploy(rpcUrl: string, { hasCoSigner }: { hasCoSigner: boolean }) {
  const by = { rpcUrl, deployerKey: DEPLOYER };
  const settler = privateKeyToAccount(SETTLER).address;
  const cosigner = privateKeyToAccount(COSIGNER).address;
  return deployEscrow({
    ...by,
    settler: hasCoSigner ? await deploySettlerWallet({ ...by, settler, cosigner }) : settler,
  });
}

/** A co-signer with a role that can only read; the workers reach it through a proxy. */
async function startCoSigner({
  sql,
  settings,
  databasePort,
}: {
  sql: Sql;
  settings: Record<string, string>;
  databasePort: number;
}) {
  await sql`create role cosigner login`;
  await sql`select grant_cosigner('cosigner')`;
  const port = await getPort();
  const own = {
    ...settings,
    DATABASE_URL: `postgres://cosigner@127.0.0.1:${databasePort}/postgres`,
    COSIGNER_KEY: COSIGNER,
    PORT: String(port),
  };
  const part = new Part(`faults-${process.pid}-cosigner`, ["api/src/cosigner.ts"], own);
  const proxy = await FaultProxy.start(() => port);
  return {
    part,
    proxy,
    stop: async () => {
      await part.stop();
      await proxy.stop();
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
  const operators = traders.slice(BUYERS);
  for (const { accountId } of operators) await offer(sql, accountId);
  const instanceId = newId("inst");
  await renewLease(sql, { instanceId, leaseMs: 86_400_000, first: true });
  const batcher = new Batcher({ sql, instanceId });
  return {
    buyers: traders.slice(0, BUYERS),
    operators,
    capture: (usage: Usage) => capture(batcher, usage),
  };
}

const none = nanoUsd(0n);
/** A nano-dollar for a prompt token. */
const pricesOf = (accountId: string) => ({
  node: `node_of_${accountId}`,
  kind: "model" as const,
  product: "faults",
  prompt: nanoUsd(1n),
  cached: none,
  completion: none,
  reasoning: none,
  unit: "",
  perUnit: none,
});

/** What the co-signer prices an operator's captures by. */
async function offer(sql: Sql, accountId: string): Promise<void> {
  const prices = pricesOf(accountId);
  await sql`insert into nodes (node_id, account_id, name, url) values (${prices.node}, ${accountId}, 'faults', 'http://faults')`;
  await sql`
    insert into prices (price_version, node_id, model, prompt_nano, cached_nano, completion_nano, reasoning_nano)
    values (${priceVersionOf(prices)}, ${prices.node}, ${prices.product}, 1, 0, 0, 0)`;
}

type Usage = { accountId: string; operatorId: string; nano: bigint };

/** One answered request, billed: what a server would do. @returns its id */
async function capture(batcher: Batcher, { accountId, operatorId, nano }: Usage): Promise<string> {
  const cost = nanoUsd(nano);
  const prices = pricesOf(operatorId);
  const requestId = await hold(batcher, { accountId, cost });
  const captured = await batcher.capture({
    requestId,
    accountId,
    startedAt: timeOfId(requestId),
    keyId: null,
    userId: null,
    model: "faults",
    nodeId: prices.node,
    operatorId,
    priceVersion: priceVersionOf(prices),
    tokens: { prompt: Number(nano), cached: 0, completion: 0, reasoning: 0 },
    cost: { prompt: cost, cached: none, completion: none, reasoning: none },
    latencyMs: 1,
    status: "ok",
    usageSource: "node",
    receiptSalt: randomBytes(32).toString("hex"),
  });
  if (captured.outcome !== "captured") throw new Error(`a capture was ${captured.outcome}`);
  return requestId;
}

/** While the database is down a buyer is told so, or that too many wait, and asks again. @returns the request that was let in */
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
      if (error instanceof OverloadedError) await setTimeout(error.retryAfterSeconds * 1_000);
      else if (!(error instanceof UnavailableError)) throw error;
    }
  }
}
