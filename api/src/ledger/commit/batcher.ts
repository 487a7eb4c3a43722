import type { Sql } from "../../db/types.ts";
import { OverloadedError, UnavailableError } from "../../errors.ts";
import type { CaptureOperation, HoldOperation, Operation, Outcome, ReleaseOperation } from "./operations.ts";
import { commitOperations } from "./store.ts";

const MAX_QUEUED = 20_000;
const MAX_FLUSH = 1_000;
const FIRST_PAUSE_MS = 25;
const LAST_PAUSE_MS = 1_000;
/** How long a request waits for a database that is out of reach before it is told. */
const PATIENCE_MS = 3_000;

type Waiting = { operation: Operation; resolve: (outcome: Outcome) => void; reject: (error: Error) => void };

type BatcherOptions = { sql: Sql; instanceId: string; onCommitted?: (operations: Operation[]) => void };

/**
 * The only door to holds and captures. Operations queue up while a commit is under way and leave together in the next
 * one: the price of a durable commit is shared by all that came meanwhile. One commit at a time per process.
 */
export class Batcher {
  readonly #sql: Sql;
  readonly #instanceId: string;
  readonly #onCommitted: (operations: Operation[]) => void;
  #queue: Waiting[] = [];
  #running = false;
  #idle: Array<() => void> = [];

  /** `onCommitted` hears of each commit; it has to be quick. */
  constructor({ sql, instanceId, onCommitted = nothing }: BatcherOptions) {
    this.#sql = sql;
    this.#instanceId = instanceId;
    this.#onCommitted = onCommitted;
  }

  /**
   * Waits only so long for a database that is out of reach; a hold that is placed after that is released again.
   * @throws OverloadedError, UnavailableError
   */
  hold = (operation: HoldOperation): Promise<Outcome> => {
    const placed = this.#submit({ kind: "hold", ...operation });
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const timer = setTimeout(() => {
      reject(new UnavailableError("The ledger"));
      placed.then(() => this.release(operation)).catch(() => {});
    }, PATIENCE_MS);
    placed.then(resolve, reject).finally(() => clearTimeout(timer));
    return promise;
  };
  capture = (operation: CaptureOperation): Promise<Outcome> => this.#submit({ kind: "capture", ...operation });
  release = (operation: ReleaseOperation): Promise<Outcome> => this.#submit({ kind: "release", ...operation });

  /** Resolves when nothing is queued or under way, nor asked for by those who were just answered. */
  async drained(): Promise<void> {
    do {
      if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve));
      await turn();
    } while (this.#running);
  }

  /** @throws OverloadedError when the queue is full; only holds are refused, what ends a hold always gets in */
  #submit(operation: Operation): Promise<Outcome> {
    if (operation.kind === "hold" && this.#queue.length >= MAX_QUEUED) return Promise.reject(new OverloadedError());
    return new Promise((resolve, reject) => {
      this.#queue.push({ operation, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  /** One commit after the other. The answers of one are handed out while the database works on the next. */
  async #run(): Promise<void> {
    this.#running = true;
    let answer = nothing;
    while (this.#queue.length > 0) {
      const flush = takeDistinct(this.#queue);
      this.#queue = this.#queue.filter((waiting) => !flush.has(waiting));
      const committed = this.#commit([...flush]);
      answer();
      answer = await committed;
      if (this.#queue.length === 0) {
        answer();
        answer = nothing;
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /**
   * A lost answer to a commit is resolved by sending the same ids again, for as long as it takes: nothing is done twice,
   * and this process either keeps its lease or is ended.
   * @returns what hands out the answers
   */
  async #commit(waiting: Waiting[]): Promise<() => void> {
    const operations = waiting.map(({ operation }) => operation);
    for (let attempt = 1; ; attempt++) {
      try {
        const outcomes = await commitOperations(this.#sql, { instanceId: this.#instanceId, operations });
        this.#onCommitted(operations);
        const byRequest = new Map(outcomes.map((outcome) => [outcome.requestId, outcome]));
        return () => {
          for (const one of waiting) this.#settle(one, byRequest.get(one.operation.requestId));
        };
      } catch (error) {
        if (!isConnectionError(error)) return this.#isolate(waiting, error);
        await pause(Math.min(FIRST_PAUSE_MS * 2 ** attempt, LAST_PAUSE_MS));
      }
    }
  }

  /** One row that Postgres refuses would fail all the others: each is sent by itself, and only that one fails. */
  async #isolate(waiting: Waiting[], error: unknown): Promise<() => void> {
    if (waiting.length === 1) {
      return () => {
        for (const { reject } of waiting) reject(new UnavailableError("The ledger", error));
      };
    }
    const answers: Array<() => void> = [];
    for (const one of waiting) answers.push(await this.#commit([one]));
    return () => {
      for (const answer of answers) answer();
    };
  }

  #settle({ operation, resolve, reject }: Waiting, outcome: Outcome | undefined): void {
    if (outcome === undefined) reject(new Error(`the ledger did not answer for ${operation.requestId}`));
    else if (outcome.outcome === "retry") this.#queue.unshift({ operation, resolve, reject });
    else resolve(outcome);
  }
}

/** The first operations of the queue, at most one for each request: a hold and its release do not fit in one commit. */
function takeDistinct(queue: Waiting[]): Set<Waiting> {
  const seen = new Set<string>();
  const taken = new Set<Waiting>();
  for (const waiting of queue) {
    if (taken.size === MAX_FLUSH) break;
    if (seen.has(waiting.operation.requestId)) continue;
    seen.add(waiting.operation.requestId);
    taken.add(waiting);
  }
  return taken;
}

const CONNECTION_CODES = /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|EPIPE|ETIMEDOUT|57P0|08|40001|40P01|53)/;

/** Errors after which nothing is known of the statement: sent again with the same ids. */
function isConnectionError(error: unknown): boolean {
  return error instanceof Error && "code" in error && CONNECTION_CODES.test(String(error.code));
}

const nothing = (): void => {};

/** One turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
