import type { Sql } from "../db/types.ts";
import type { Operation } from "../ledger/commit/operations.ts";
import { tellChange } from "./store.ts";
import { EVERYBODY, type Topic } from "./topics.ts";

/** How long marks are gathered: a page is at most so far behind. */
const GATHER_MS = 200;
/** Accounts that are kept apart; beyond it everybody is told. */
const MAX_MARKED = 2_000;

/**
 * Tells what this process has committed on the way of requests: some times a second, however many there were, and outside of
 * their commits. Marking an account is an entry in a set.
 */
export class ChangeTeller {
  readonly #sql: Sql;
  readonly #onError: (error: unknown) => void;
  #marked = new Map<Topic, Set<string>>();
  #timer: NodeJS.Timeout | null = null;
  #telling: Promise<void> = Promise.resolve();

  constructor({ sql, onError }: { sql: Sql; onError: (error: unknown) => void }) {
    this.#sql = sql;
    this.#onError = onError;
  }

  /** Of operations that were committed: whoever pays has another balance, whoever served other earnings. */
  committed = (operations: Operation[]): void => {
    for (const operation of operations) {
      this.#mark("usage", operation.accountId);
      if (operation.kind === "capture") this.#mark("earnings", operation.operatorId);
    }
  };

  /** Tells what is still marked. */
  async stop(): Promise<void> {
    if (this.#timer !== null) this.#tellNow();
    await this.#telling;
  }

  #mark(topic: Topic, accountId: string): void {
    const accounts = this.#marked.get(topic);
    if (accounts === undefined) this.#marked.set(topic, new Set([accountId]));
    else if (accounts.size < MAX_MARKED) accounts.add(accountId);
    else accounts.add(EVERYBODY);
    this.#timer ??= setTimeout(() => this.#tellNow(), GATHER_MS);
  }

  #tellNow(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#telling = this.#telling.then(() => this.#tell()).catch(this.#onError);
  }

  async #tell(): Promise<void> {
    const marked = this.#marked;
    this.#marked = new Map();
    for (const [topic, accounts] of marked) {
      const accountIds = accounts.has(EVERYBODY) ? [EVERYBODY] : [...accounts];
      await tellChange(this.#sql, { topic, accountIds });
    }
  }
}
