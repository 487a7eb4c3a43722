import { closeSync, mkdirSync, openSync } from "node:fs";
import { deployEscrow } from "@infr/contracts/testing";
import { startDemoNode } from "@infr/demo-node";
import { microUsdc } from "@infr/money";
import getPort from "get-port";
import type { Address, Hex } from "viem";
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { toHex } from "viem";
import { registerDemoNode } from "../scripts/flow/operator.ts";
import { mintUsdc } from "../scripts/flow/faucet.ts";
import { endProcess, isRunning, spawnTied, waitFor } from "../scripts/process.ts";
import { startChain } from "./chain.ts";
import { createEmptyDatabase } from "./database.ts";
import { startIndexer } from "./indexer.ts";

const MNEMONIC = "test test test test test test test test test test test junk";
const DAY_SECONDS = 86_400;
const START_MS = 60_000;

/** Private keys of the chain's well-known funded accounts, by role. */
const keyAt = (addressIndex: number): Hex => toHex(mnemonicToAccount(MNEMONIC, { addressIndex }).getHdKey().privateKey ?? new Uint8Array());

export type TestStack = Awaited<ReturnType<typeof startStack>>;

export type StackOptions = {
  /** Days that the chain's genesis lies back, so that time can be travelled without leaving the present behind. */
  daysBack?: number;
  /** Whether to serve the web app, too. */
  web?: boolean;
};

/** The whole stack on free ports, with a database and a chain of its own, a funded buyer and an operator with a node. */
export async function startStack({ daysBack = 4, web = false }: StackOptions = {}) {
  const database = await createEmptyDatabase();
  const chain = await startChain({ blockTime: 0.2, timestamp: Math.floor(Date.now() / 1000) - daysBack * DAY_SECONDS });
  const keys = { deployer: keyAt(0), settler: keyAt(1), relayer: keyAt(2), buyer: keyAt(3), operator: keyAt(4) };
  const { escrow, usdc, chainId } = await deployEscrow({
    rpcUrl: chain.rpcUrl,
    deployerKey: keys.deployer,
    settler: privateKeyToAccount(keys.settler).address,
  });
  const indexer = await startIndexer({ databaseUrl: database.url, rpcUrl: chain.rpcUrl, escrow });
  const node = await startDemoNode({ tokensPerChunk: 16 });
  const [apiPort, webPort] = [await getPort(), await getPort()];
  const webUrl = `http://localhost:${webPort}`;
  const environment = {
    ...process.env,
    DATABASE_URL: database.url,
    RPC_URL: chain.rpcUrl,
    CHAIN_ID: String(chainId),
    ESCROW_ADDRESS: escrow,
    USDC_ADDRESS: usdc,
    PUBLIC_URL: webUrl,
    PORT: String(apiPort),
    SETTLER_KEY: keys.settler,
    RELAYER_KEY: keys.relayer,
    BATCH_INTERVAL_MS: "500",
    MAX_PRICE_PER_MILLION_USD: "10000",
    ALLOW_PRIVATE_NODES: "true",
    DEV: "true",
  };
  const api = new Part("server", ["api/src/server.ts"], environment);
  const worker = new Part("worker", ["api/src/worker.ts"], environment);
  const parts = [api, worker];
  if (web) parts.push(new Part("web", ["web/node_modules/vite/bin/vite.js", "web"], { ...environment, WEB_PORT: String(webPort), API_URL: `http://127.0.0.1:${apiPort}` }));
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const flowStack = {
    api: apiUrl,
    web: webUrl,
    rpc: chain.rpcUrl,
    chainId,
    contracts: { escrow: escrow as Address, usdc: usdc as Address },
    buyer: { privateKey: keys.buyer },
    operator: { privateKey: keys.operator },
  };
  await waitUntilUp(`${apiUrl}/health`, api);
  await mintUsdc({ ...flowStack, privateKey: keys.buyer, amount: microUsdc(10_000_000_000n) });
  await registerDemoNode({ stack: flowStack, url: node.url });
  await waitUntilUp(`${apiUrl}/ready`, api);
  if (web) await waitUntilUp(webUrl, parts[2] as Part);
  return {
    ...flowStack,
    webUrl,
    apiServer: api,
    worker,
    node,
    keys,
    databaseUrl: database.url,
    newWallet: () => ({ privateKey: generatePrivateKey() }),
    stop: async () => {
      await Promise.all(parts.map((part) => part.stop()));
      await Promise.all([indexer.stop(), node.stop()]);
      await chain.stop();
      await database.drop();
    },
  };
}

/** A process of the stack, which tests may kill and start again. */
export class Part {
  readonly #name: string;
  readonly #words: string[];
  readonly #environment: NodeJS.ProcessEnv;
  #child;

  constructor(name: string, words: string[], environment: NodeJS.ProcessEnv) {
    this.#name = name;
    this.#words = words;
    this.#environment = environment;
    this.#child = this.#launch();
  }

  get running(): boolean {
    return isRunning(this.#child);
  }

  get logFile(): string {
    return `.infr-test/${this.#name}-${this.#environment["PORT"]}.log`;
  }

  /** Ends it without asking, and starts it anew. */
  async killAndRestart(): Promise<void> {
    await endProcess(this.#child, { signal: "SIGKILL" });
    this.#child = this.#launch();
  }

  stop(): Promise<void> {
    return endProcess(this.#child, { graceMs: 20_000 });
  }

  #launch() {
    mkdirSync(".infr-test", { recursive: true });
    const log = openSync(this.logFile, "a");
    const child = spawnTied([process.execPath, ...this.#words], { stdio: ["ignore", log, log], env: this.#environment });
    closeSync(log);
    return child;
  }
}

async function waitUntilUp(url: string, part: Part): Promise<void> {
  await waitFor({
    what: `${url} (see ${part.logFile})`,
    timeoutMs: START_MS,
    check: async () => !part.running || (await fetch(url)).ok,
  });
  if (!part.running) throw new Error(`${url}: the process ended, see ${part.logFile}`);
}
