import { mkdirSync, rmSync } from "node:fs";
import { deployEscrow } from "@infr/contracts/testing";
import { startDemoNode } from "@infr/demo-node";
import getPort from "get-port";
import type { Hex } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { openDatabase } from "../../api/src/db/open.ts";
import type { Sql } from "../../api/src/db/types.ts";
import { must, type Signed, signIn } from "../../scripts/flow/session.ts";
import { startPostgres } from "../../scripts/postgres.mjs";
import { exited, waitFor } from "../../scripts/process.ts";
import { startChain } from "../chain.ts";
import { Part, waitUntilUp } from "../part.ts";

const RICH_KEY: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const START_MS = 60_000;
const KEYS = 8;
/** A thousand dollars for each of its buyers, in nano-dollars. */
const CREDIT = 1_000_000_000_000n;

export type World = Awaited<ReturnType<typeof startWorld>>;

/** Two servers, a worker and a durable PostgreSQL, each of which may be killed; a chain and a node, which live on. */
export async function startWorld() {
  const postgres = await startKillablePostgres();
  const chain = await startChain({ blockTime: 2 });
  const contracts = await deployEscrow({ rpcUrl: chain.rpcUrl, deployerKey: RICH_KEY });
  const node = await startDemoNode({ tokensPerChunk: 4, delayMs: 5 });
  const web = "http://localhost:3000";
  const settings = {
    DATABASE_URL: postgres.url,
    DATABASE_CONNECTIONS: "10",
    RPC_URL: chain.rpcUrl,
    CHAIN_ID: String(contracts.chainId),
    ESCROW_ADDRESS: contracts.escrow,
    USDC_ADDRESS: contracts.usdc,
    PUBLIC_URL: web,
    SETTLER_KEY: RICH_KEY,
    RELAYER_KEY: RICH_KEY,
    ALLOW_PRIVATE_NODES: "true",
    DEV: "true",
    LOG_LEVEL: "warn",
  };
  const servers = await Promise.all([1, 2].map(() => startServer(settings)));
  const worker = new Part("kills-worker", ["api/src/worker.ts"], settings);
  for (const { url, part } of servers) await waitUntilUp(`${url}/health`, part);
  const sql = openDatabase({ url: postgres.url, connections: 4 });
  const at = { api: servers[0]?.url ?? "", web, chainId: contracts.chainId };
  const market = await openMarket({ sql, at, nodeUrl: node.url });
  return {
    postgres,
    servers,
    worker,
    sql,
    ...market,
    stop: async () => {
      await sql.end({ timeout: 1 });
      await Promise.all([...servers.map(({ part }) => part.stop()), worker.stop(), node.stop()]);
      await chain.stop();
      await postgres.remove();
    },
  };
}

async function startServer(settings: Record<string, string>) {
  const port = await getPort();
  const part = new Part(`kills-server-${port}`, ["api/src/server.ts"], { ...settings, PORT: String(port) });
  return { url: `http://127.0.0.1:${port}`, part };
}

/** A PostgreSQL that keeps its promises: what it has said is committed survives its death. */
async function startKillablePostgres() {
  const dir = `.infr-test/kills-${process.pid}`;
  mkdirSync(".infr-test", { recursive: true });
  const options = { dir, port: await getPort() };
  let server = await startPostgres(options);
  return {
    url: server.url,
    /** SIGKILL for the postmaster; its children notice, and a new one recovers from the log. */
    killAndRestart: async () => {
      const ended = exited(server.child);
      server.child.kill("SIGKILL");
      await ended;
      server = await waitFor({ what: "PostgreSQL again", timeoutMs: START_MS, check: () => startPostgres(options) });
    },
    remove: async () => {
      await server.stop();
      for (const path of [dir, `${dir}.log`]) rmSync(path, { recursive: true, force: true });
    },
  };
}

type At = { api: string; web: string; chainId: number };

/** An operator with models and a resource for sale, and a buyer with keys and credit. */
async function openMarket({ sql, at, nodeUrl }: { sql: Sql; at: At; nodeUrl: string }) {
  const operator = await signIn(at, generatePrivateKey());
  const model = { id: "demo/small", contextLength: 32_768, maxCompletionTokens: 256 };
  const body = {
    name: "kills",
    url: nodeUrl,
    models: [{ ...model, promptPerMillion: "1", completionPerMillion: "1" }],
    resources: [{ id: "gpu", unit: "gpu-second" as const, pricePerUnit: "0.0001" }],
  };
  const { id: nodeId } = must(await operator.client.POST("/api/nodes", { body }));
  const newBuyer = async (nano: bigint): Promise<Signed> => {
    const buyer = await signIn(at, generatePrivateKey());
    await sql`
      insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
      values (${`deposit:kills:${buyer.account.id}`}, 1, 'escrow', '', 'credit', ${buyer.account.id}, ${nano})`;
    return buyer;
  };
  const buyer = await newBuyer(CREDIT);
  const keys = await Promise.all(Array.from({ length: KEYS }, () => newKey(buyer)));
  return { buyer, newBuyer, nodeId, keys, operatorKey: await newKey(operator) };
}

export const newKey = async ({ client }: Signed): Promise<string> =>
  must(await client.POST("/api/keys", { body: { name: "kills", requestsPerMinute: 1_000_000 } })).key;
