import { deployAllowanceRecharge, deployEscrow } from "@infr/contracts/testing";
import { startDemoNode } from "@infr/demo-node";
import { microUsdc } from "@infr/money";
import getPort from "get-port";
import type { Hex } from "viem";
import { toHex } from "viem";
import { mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { mintUsdc } from "../scripts/flow/faucet.ts";
import { registerDemoNode } from "../scripts/flow/operator.ts";
import { startChain } from "./chain.ts";
import { createEmptyDatabase, type TestDatabase } from "./database.ts";
import { startIndexer } from "./indexer.ts";
import { Part, waitUntilUp } from "./part.ts";
import { buildWeb, WEB_ROOT } from "./web-build.ts";

const MNEMONIC = "test test test test test test test test test test test junk";
const DAY_SECONDS = 86_400;

/** Private keys of the chain's well-known funded accounts, by role. */
const keyAt = (addressIndex: number): Hex =>
  toHex(mnemonicToAccount(MNEMONIC, { addressIndex }).getHdKey().privateKey ?? new Uint8Array());

/** Who does what on the chain. */
const keys = {
  deployer: keyAt(0),
  settler: keyAt(1),
  relayer: keyAt(2),
  buyer: keyAt(3),
  operator: keyAt(4),
  clearer: keyAt(5),
};

/** Of the platform's administrators: two, for what takes two. */
const ADMINS = [keyAt(7), keyAt(8)];

/**
 * Batches follow each other quickly, a price that makes few requests worth a payout is allowed, and everybody, here at one
 * address, may ask as often as he likes.
 */
const SETTINGS = {
  BATCH_INTERVAL_MS: "500",
  NEW_OPERATOR_DAYS: "0",
  PAYOUT_INTERVAL_MS: "500",
  RECONCILE_INTERVAL_MS: "500",
  MAX_PRICE_PER_MILLION_USD: "10000",
  REQUESTS_PER_MINUTE_PER_KEY: "1000000",
  REQUESTS_PER_MINUTE_PER_ADDRESS: "1000000",
  SIGN_INS_PER_MINUTE_PER_ADDRESS: "1000000",
  ALLOW_PRIVATE_NODES: "true",
  DEV: "true",
  ADMIN_WALLETS: ADMINS.map((key) => privateKeyToAccount(key).address).join(","),
};

export type TestStack = Awaited<ReturnType<typeof startStack>>;

export type StackOptions = {
  /** Days that the chain's genesis lies back, so that time can be travelled without leaving the present behind. */
  daysBack?: number;
  /** Whether the first server has the web app, too: built, as in production. */
  web?: boolean;
  /** Where mails are sent; without it they wait. */
  smtpUrl?: string;
  /** Of server and worker, beside those that all stacks have. */
  settings?: Record<string, string>;
  /** Mine transactions at once and little else: for tests that reorganise, which the indexer must not be amidst of. */
  onDemand?: boolean;
  /** How many servers and workers share the database; the first server is the one that clients talk to. */
  instances?: number;
  /** Without it, one of the test run's. */
  database?: TestDatabase;
  /** Whether the chain announces its blocks to the indexer, as a node with WebSockets does. */
  announced?: boolean;
};

/** The whole stack on free ports, with a database and a chain of its own, a funded buyer and an operator with a node. */
export async function startStack({
  daysBack = 4,
  web = false,
  onDemand = false,
  instances = 1,
  announced = false,
  ...given
}: StackOptions = {}) {
  const database = given.database ?? (await createEmptyDatabase());
  const chain = await startDatedChain({ daysBack, onDemand });
  const contracts = await deployEscrow({
    rpcUrl: chain.rpcUrl,
    deployerKey: keys.deployer,
    settler: privateKeyToAccount(keys.settler).address,
    clearer: privateKeyToAccount(keys.clearer).address,
  });
  const indexer = await startIndexer({
    databaseUrl: database.url,
    rpcUrl: chain.rpcUrl,
    ...(announced && { wsUrl: chain.wsUrl }),
    escrow: contracts.escrow,
  });
  const node = await startDemoNode({ tokensPerChunk: 16 });
  const webPort = await getPort();
  const webUrl = `http://localhost:${webPort}`;
  if (web) await buildWeb();
  const environment = {
    DATABASE_URL: database.url,
    RPC_URL: chain.rpcUrl,
    CHAIN_ID: String(contracts.chainId),
    ESCROW_ADDRESS: contracts.escrow,
    USDC_ADDRESS: contracts.usdc,
    PUBLIC_URL: webUrl,
    SETTLER_KEY: keys.settler,
    RELAYER_KEY: keys.relayer,
    CLEARER_KEY: keys.clearer,
    ...forPeopleWithoutWallets(given.smtpUrl ?? ""),
    ...SETTINGS,
    ...given.settings,
    ...(web && (await forBrowsers({ rpcUrl: chain.rpcUrl, deployerKey: keys.deployer, escrow: contracts.escrow }))),
  };
  const pairs = await Promise.all(
    Array.from({ length: instances }, (_, index) => startPair(environment, index === 0 ? webPort : null)),
  );
  const [first] = pairs;
  if (!first) throw new Error("a stack has at least one instance");
  const flowStack = {
    api: first.url,
    web: webUrl,
    rpc: chain.rpcUrl,
    chainId: contracts.chainId,
    contracts: { escrow: contracts.escrow, usdc: contracts.usdc },
    buyer: { privateKey: keys.buyer },
    operator: { privateKey: keys.operator },
  };
  for (const { url, server } of pairs) await waitUntilUp(`${url}/health`, server);
  await mintUsdc({ ...flowStack, privateKey: keys.buyer, amount: microUsdc(10_000_000_000n) });
  await registerDemoNode({ stack: flowStack, url: node.url });
  for (const { url, server } of pairs) await waitUntilUp(`${url}/ready`, server);
  const stop = async () => {
    const parts = pairs.flatMap(({ server, worker }) => [server, worker]);
    await Promise.all(parts.map((part) => part.stop()));
    await Promise.all([indexer.stop(), node.stop()]);
    await chain.stop();
    await database.drop();
  };
  return { ...flowStack, admins: ADMINS, webUrl, pairs, indexer, databaseUrl: database.url, stop };
}

/** Whoever signs in by e-mail has an account of the custodian's, and can be sent credit by his address. */
const forPeopleWithoutWallets = (smtpUrl: string) => ({
  CUSTODIAN_KEY: keyAt(6),
  CUSTODIAN_ADDRESS: privateKeyToAccount(keyAt(6)).address,
  VOUCHER_SECRET: `0x${"5e".repeat(32)}`,
  SMTP_URL: smtpUrl,
});

/** In a browser somebody waits for small amounts to be settled, and can be recharged from his USDC. */
const forBrowsers = async (chain: Parameters<typeof deployAllowanceRecharge>[0]) => ({
  FLUSH_AFTER_SECONDS: "1",
  WEB_ROOT,
  ALLOWANCE_RECHARGE_ADDRESS: await deployAllowanceRecharge(chain),
});

const startDatedChain = ({ daysBack, onDemand }: { daysBack: number; onDemand: boolean }) =>
  startChain({
    ...(onDemand ? { blockTime: 3, isMixed: true } : { blockTime: 0.2 }),
    timestamp: Math.floor(Date.now() / 1000) - daysBack * DAY_SECONDS,
  });

/** A server and a worker, as one machine would run them. */
async function startPair(environment: Record<string, string>, wantedPort: number | null) {
  const port = wantedPort ?? (await getPort());
  const settings = { ...environment, PORT: String(port) };
  return {
    url: `http://127.0.0.1:${port}`,
    server: new Part(`server-${port}`, ["api/src/server.ts"], settings),
    worker: new Part(`worker-${port}`, ["api/src/worker.ts"], settings),
  };
}
