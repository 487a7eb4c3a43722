import type { ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { deployEscrow } from "@infr/contracts/testing";
import getPort from "get-port";
import postgres, { type Sql } from "postgres";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { must, signIn } from "../scripts/flow/session.ts";
import { startPostgres } from "../scripts/postgres.mjs";
import { endProcess, spawnTied, waitFor } from "../scripts/process.ts";
import { startChain } from "../test/chain.ts";

const FOLDER = ".infr-test";
const RICH_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const PLENTY_NANO = 1_000_000_000_000_000n;
const TICKS_PER_SECOND = 100;

/** A process that a benchmark measures. */
export type Measured = { child: ChildProcess; port: number };

export type World = Awaited<ReturnType<typeof openWorld>>;

/** A PostgreSQL that really writes to disk, in a folder of its own. */
export async function openDatabase(): Promise<{ url: string; stop: () => Promise<void> }> {
  mkdirSync(FOLDER, { recursive: true });
  const dir = join(FOLDER, `bench-${process.pid}`);
  const server = await startPostgres({ dir, port: await getPort() });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      for (const path of [dir, `${dir}.log`]) rmSync(path, { recursive: true, force: true });
    },
  };
}

/** The whole product path in processes of their own: database, chain, API, a node, and a buyer with a key and money. */
export async function openWorld({ flags = [], webRoot = "" }: { flags?: string[]; webRoot?: string } = {}) {
  const database = await openDatabase();
  const chain = await startChain();
  const contracts = await deployEscrow({ rpcUrl: chain.rpcUrl, deployerKey: RICH_KEY });
  const node = await startMeasured(["bench/upstream.ts"]);
  const gateway = await startServer({ databaseUrl: database.url, rpcUrl: chain.rpcUrl, contracts, flags, webRoot });
  const passThrough = await startMeasured(["bench/pass-through.ts", `http://127.0.0.1:${node.port}`]);
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  const at = { api: `http://127.0.0.1:${gateway.port}`, web: "http://localhost:3000", chainId: contracts.chainId };
  const operator = await signIn(at, generatePrivateKey());
  must(await operator.client.POST("/api/nodes", { body: offer(node.port) }));
  const buyer = await signIn(at, generatePrivateKey());
  const { key } = must(await buyer.client.POST("/api/keys", { body: { name: "bench" } }));
  await giveCredit(sql, buyer.account.id);
  return {
    sql,
    gateway,
    passThrough,
    webUrl: at.api,
    account: buyer.account.id,
    cookies: { buyer: buyer.cookie, operator: operator.cookie },
    question: (body: object) => ({
      path: "/v1/chat/completions",
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: "bench", messages: [{ role: "user", content: "How is credit held?" }], ...body }),
    }),
    stop: async () => {
      await sql.end();
      for (const { child } of [gateway, passThrough, node]) await endProcess(child, { graceMs: 20_000 });
      await chain.stop();
      await database.stop();
    },
  };
}

const offer = (port: number) => ({
  name: "bench",
  url: `http://127.0.0.1:${port}`,
  models: [
    {
      id: "bench",
      promptPerMillion: "0.1",
      completionPerMillion: "0.15",
      contextLength: 32_768,
      maxCompletionTokens: 1_024,
    },
  ],
});

/** Credit as a deposit's event would book it. */
async function giveCredit(sql: Sql, account: string): Promise<void> {
  await sql`
    insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
    values ('deposit:bench', 1, 'escrow', '', 'credit', ${account}, ${PLENTY_NANO.toString()})`;
}

type Backing = {
  databaseUrl: string;
  rpcUrl: string;
  contracts: { escrow: string; usdc: string; chainId: number };
  /** Node's options for the API, such as --cpu-prof. */
  flags: string[];
  /** Folder of the built web app, if it is wanted. */
  webRoot: string;
};

async function startServer({ databaseUrl, rpcUrl, contracts, flags, webRoot }: Backing): Promise<Measured> {
  const port = await getPort();
  const child = spawnTied([process.execPath, ...flags, "api/src/server.ts"], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      RPC_URL: rpcUrl,
      CHAIN_ID: String(contracts.chainId),
      ESCROW_ADDRESS: contracts.escrow,
      USDC_ADDRESS: contracts.usdc,
      RELAYER_ADDRESS: privateKeyToAccount(RICH_KEY).address,
      ALLOW_PRIVATE_NODES: "true",
      LOG_LEVEL: "warn",
      // The limits are checked, but a benchmark must not reach them.
      REQUESTS_PER_MINUTE_PER_KEY: "1000000000",
      REQUESTS_PER_MINUTE_PER_ADDRESS: "1000000000",
      WEB_ROOT: webRoot,
      PORT: String(port),
    },
  });
  await waitFor({
    what: "the API",
    timeoutMs: 30_000,
    check: async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok,
  });
  return { child, port };
}

/** Starts a program that prints the port it listens on. */
async function startMeasured(words: string[]): Promise<Measured> {
  const child = spawnTied([process.execPath, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  if (!child.stdout) throw new Error("a pipe was asked for");
  for await (const line of createInterface(child.stdout)) return { child, port: Number(line) };
  throw new Error(`${words.join(" ")} ended before it listened`);
}

/** Processor time that a process has used, in milliseconds, all of its threads (Linux). */
export function cpuMs({ child }: Measured): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** Memory that a process has resident, in bytes (Linux). */
export function residentBytes({ child }: Measured): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}
