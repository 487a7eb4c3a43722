import { Worker } from "node:worker_threads";
import { countText } from "./count-text.ts";

const THREADS = 2;
/** Counted where it is asked for: takes less than handing it over. */
const SHORT_CHARACTERS = 2_048;
const COUNT_MS = 5_000;
/** Beyond its own time a thread gets this long to answer before it is ended. */
const GRACE_MS = 2_000;
const MAX_QUEUED_CHARACTERS = 256 * 1_048_576;
/** The longest o200k token is 128 spaces. */
const LONGEST_TOKEN = 128;

type Job = { text: string; resolve: (tokens: number) => void };

/**
 * Counts tokens beside the event loop, which a long text would stop for everybody; threads start with the first long
 * text. A text that takes longer than five seconds counts for what was counted by then, one that no thread could count
 * (it died, or too much is queued) for the fewest tokens it can have: doubt never makes a request dearer.
 */
export class TokenCounter {
  readonly #source: URL;
  readonly #withinMs: number;
  readonly #idle: Worker[] = [];
  readonly #threads = new Set<Worker>();
  readonly #queue: Job[] = [];
  #queued = 0;

  constructor({
    source = new URL("./count-worker.ts", import.meta.url),
    withinMs = COUNT_MS,
  }: { source?: URL; withinMs?: number } = {}) {
    this.#source = source;
    this.#withinMs = withinMs;
  }

  /** Tokens of a text. Never fails. */
  async count(text: string): Promise<number> {
    if (text.length <= SHORT_CHARACTERS) return countText(text);
    if (this.#queued + text.length > MAX_QUEUED_CHARACTERS) return fewestTokens(text);
    this.#queued += text.length;
    try {
      return await new Promise((resolve) => {
        this.#queue.push({ text, resolve });
        this.#next();
      });
    } finally {
      this.#queued -= text.length;
    }
  }

  /** Ends the threads; what they had not counted yet counts as little as it can. */
  async stop(): Promise<void> {
    for (const { text, resolve } of this.#queue.splice(0)) resolve(fewestTokens(text));
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  #next(): void {
    if (this.#queue.length === 0) return;
    const thread = this.#idle.pop() ?? (this.#threads.size < THREADS ? this.#start() : null);
    const job = thread && this.#queue.shift();
    if (job) this.#run(thread, job);
  }

  #start(): Worker {
    const thread = new Worker(this.#source);
    thread.unref();
    this.#threads.add(thread);
    // Whoever waits for it listens for its exit; without a listener an error would end the process.
    thread.on("error", (error) => console.error("A counting thread failed; another one takes over.", error));
    thread.once("exit", () => {
      this.#threads.delete(thread);
      const at = this.#idle.indexOf(thread);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#next();
    });
    return thread;
  }

  #run(thread: Worker, { text, resolve }: Job): void {
    const timer = setTimeout(() => void thread.terminate(), this.#withinMs + GRACE_MS);
    const died = () => {
      clearTimeout(timer);
      resolve(fewestTokens(text));
    };
    thread.once("exit", died);
    thread.once("message", (tokens: number) => {
      clearTimeout(timer);
      thread.off("exit", died);
      this.#idle.push(thread);
      resolve(tokens);
      this.#next();
    });
    thread.postMessage({ text, withinMs: this.#withinMs }, []);
  }
}

const fewestTokens = (text: string): number => Math.floor(text.length / LONGEST_TOKEN);
