import type { Logger } from "pino";
import type { Dispatcher } from "undici";
import type { Sql } from "../db/types.ts";
import { type Canary, claimCanaries, saveCanary } from "./health-store.ts";
import { askSmallest } from "./probe-node.ts";

const ANSWER_MS = 20_000;
const MAX_RUNNING = 64;

type CanaryParts = { sql: Sql; agent: Dispatcher; everyMs: number; logger: Pick<Logger, "info" | "error"> };

/**
 * Asks nodes for one token now and then, as any client would: nobody pays for it, it is no request of the ledger, and
 * nothing in it tells the node what it is. Nodes that hang don't keep others waiting.
 */
export class Canaries {
  readonly #parts: CanaryParts;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(parts: {
    sql: Sql;
    agent: Dispatcher;
    everyMs: number;
    logger: Pick<Logger, "info" | "warn" | "error">;
  }) {
    this.#parts = parts;
  }

  /** Starts those that are due. @returns how many */
  async begin(): Promise<number> {
    const { sql, everyMs } = this.#parts;
    const due = await claimCanaries(sql, { everyMs, limit: MAX_RUNNING - this.#running.size });
    for (const canary of due) {
      const running = this.#ask(canary).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
    return due.length;
  }

  /** Resolves when none is running. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.ended();
  }

  async #ask({ node_id: nodeId, url, model, path }: Canary): Promise<void> {
    const { sql, agent, logger } = this.#parts;
    const startedAt = performance.now();
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ANSWER_MS)]);
    const ok = await askSmallest(agent, { url, model, path, signal }).then(
      () => true,
      () => false,
    );
    if (this.#stopping.signal.aborted) return;
    try {
      const { isLive, wasLive } = await saveCanary(sql, { nodeId, ok, latencyMs: performance.now() - startedAt });
      if (isLive !== wasLive)
        logger.info({ nodeId, isLive }, isLive ? "a node is back" : "a node is not live any more");
    } catch (error) {
      logger.error({ err: error, nodeId }, "a canary could not be written down");
    }
  }
}
