import type { Sql } from "../db/types.ts";
import { tellEcho } from "./store.ts";
import { CHANNEL, EVERYBODY, type Topic } from "./topics.ts";

/** A connection that has heard nothing for two of these, its own echo included, is given up. */
const WATCH_MS = 5_000;

type Listen = (topic: Topic) => void;

type Options = {
  /** Opens a connection to listen on, anew whenever one was lost. */
  open: () => Sql;
  onError: (error: unknown) => void;
  watchMs?: number;
};

/**
 * Hears what has changed in the database, whoever wrote it, and tells whoever listens for that account. The driver goes on
 * listening after a short interruption but gives up after a longer one without a word, so the connection is watched.
 */
export class ChangeListener {
  readonly #options: Required<Options>;
  readonly #byAccount = new Map<string, Set<Listen>>();
  #sql: Sql | null = null;
  #heard = true;
  #watch: NodeJS.Timeout | null = null;

  constructor(options: Options) {
    this.#options = { watchMs: WATCH_MS, ...options };
  }

  /** Begins to hear. Without the database it begins when that is back. */
  async start(): Promise<void> {
    await this.#connect().catch(this.#options.onError);
    this.#watch = setInterval(() => void this.#look().catch(this.#options.onError), this.#options.watchMs);
    this.#watch.unref();
  }

  async stop(): Promise<void> {
    if (this.#watch !== null) clearInterval(this.#watch);
    await this.#sql?.end({ timeout: 1 });
  }

  /** Listens for what concerns an account, and everybody. @returns what ends it */
  listen(accountId: string, listen: Listen): () => void {
    const listeners = this.#byAccount.get(accountId) ?? new Set();
    this.#byAccount.set(accountId, listeners.add(listen));
    return () => {
      listeners.delete(listen);
      if (listeners.size === 0 && this.#byAccount.get(accountId) === listeners) this.#byAccount.delete(accountId);
    };
  }

  async #connect(): Promise<void> {
    const sql = this.#options.open();
    this.#sql = sql;
    // Called whenever listening begins, after an interruption too: nobody knows what was missed.
    await sql.listen(CHANNEL, this.#hear, () => this.#tell({ topic: "*", accountIds: [EVERYBODY] }));
  }

  async #look(): Promise<void> {
    const sql = this.#sql;
    if (this.#heard && sql !== null) {
      this.#heard = false;
      await tellEcho(sql);
      return;
    }
    this.#heard = true;
    void sql?.end({ timeout: 0 }).catch(() => {});
    await this.#connect();
  }

  #hear = (notice: string): void => {
    this.#heard = true;
    const [topic, ...accountIds] = notice.split(" ");
    if (topic !== "echo") this.#tell({ topic: topic as Topic, accountIds });
  };

  #tell({ topic, accountIds }: { topic: Topic; accountIds: string[] }): void {
    const told = accountIds.includes(EVERYBODY) ? [...this.#byAccount.keys()] : accountIds;
    for (const accountId of told) for (const listen of this.#byAccount.get(accountId) ?? []) listen(topic);
  }
}
