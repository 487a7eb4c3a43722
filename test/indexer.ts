import type { ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import getPort from "get-port";
import { endProcess, exited, isRunning, spawnTied, waitFor } from "../scripts/process.ts";

export interface IndexerOptions {
  databaseUrl: string;
  rpcUrl: string;
  /** Where blocks are announced; without it the indexer asks again and again. */
  wsUrl?: string;
  escrow: string;
  chainId?: number;
  startBlock?: number;
  viewsSchema?: string;
}

export interface TestIndexer {
  url: string;
  viewsSchema: string;
  /** Asks it to end, and waits. */
  stop: () => Promise<void>;
  /** Ends it without asking. */
  kill: () => Promise<void>;
}

/** A real indexer on a free port, ready when its views stand. Takes some 3 s and 400 MB: one at a time. */
export async function startIndexer(options: IndexerOptions): Promise<TestIndexer> {
  const port = await getPort();
  const viewsSchema = options.viewsSchema ?? "indexer";
  const child = launch(options, { port, viewsSchema });
  const url = `http://127.0.0.1:${port}`;
  const stop = () => endProcess(child, { graceMs: 10_000 });
  const kill = async () => {
    const ended = exited(child);
    child.kill("SIGKILL");
    await ended;
  };
  try {
    await waitFor({
      what: "the indexer",
      timeoutMs: 180_000,
      check: async () => !isRunning(child) || (await fetch(`${url}/ready`)).ok,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  if (!isRunning(child)) throw new IndexerStartError(port);
  return { url, viewsSchema, stop, kill };
}

class IndexerStartError extends Error {
  readonly code = "indexer_start";

  constructor(port: number) {
    super(`The indexer ended before it was ready. Read ${logFile(port)}.`);
    this.name = "IndexerStartError";
  }
}

function launch(options: IndexerOptions, { port, viewsSchema }: { port: number; viewsSchema: string }): ChildProcess {
  mkdirSync(".infr-test", { recursive: true });
  const log = openSync(logFile(port), "a");
  const child = spawnTied([process.execPath, "indexer/scripts/start.ts"], {
    stdio: ["ignore", log, log],
    env: {
      ...process.env,
      DATABASE_URL: options.databaseUrl,
      RPC_URL: options.rpcUrl,
      WS_URL: options.wsUrl ?? "",
      CHAIN_ID: String(options.chainId ?? 31_337),
      ESCROW_ADDRESS: options.escrow,
      START_BLOCK: String(options.startBlock ?? 0),
      INDEXER_VIEWS_SCHEMA: viewsSchema,
      PORT: String(port),
    },
  });
  closeSync(log);
  return child;
}

const logFile = (port: number) => `.infr-test/indexer-${port}.log`;
