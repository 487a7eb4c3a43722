import { Worker } from "node:worker_threads";
import { countText } from "./count-text.ts";
import type { Counted, Question } from "./count-worker.ts";
import type { Family } from "./families.ts";

const THREADS = 2;
/** Counted where it is asked for: takes less than handing it over. */
const SHORT_CHARACTERS = 2_048;
const COUNT_MS = 5_000;
/** Beyond its own time a thread gets this long to answer, and to load a vocabulary, before it is ended. */
const GRACE_MS = 15_000;
const MAX_QUEUED_CHARACTERS = 256 * 1_048_576;
/** The longest o200k token is 128 spaces. */
const LONGEST_TOKEN = 128;

type Job = { text: string; family: Family | null; resolve: (counted: Counted) => void };

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
  readonly #warm = new Set<Family | null>();
  #queued = 0;

  constructor({
    source = new URL("./count-worker.ts", import.meta.url),
    withinMs = COUNT_MS,
  }: { source?: URL; withinMs?: number } = {}) {
    this.#source = source;
    this.#withinMs = withinMs;
  }

  /** Tokens of a text, as a family of models counts them, or as o200k does if its vocabulary is not there. Never fails. */
  async count(text: string, family: Family | null = null): Promise<Counted> {
    if (text === "") return { tokens: 0, family };
    // Other vocabularies are big: only the threads have them.
    if (text.length <= SHORT_CHARACTERS && (family ?? "o200k") === "o200k") return { tokens: countText(text), family };
    if (this.#queued + text.length > MAX_QUEUED_CHARACTERS) return fewestTokens(text);
    this.#queued += text.length;
    try {
      return await new Promise((resolve) => {
        this.#queue.push({ text, family, resolve });
        this.#next();
      });
    } finally {
      this.#queued -= text.length;
    }
  }

  /** Loads a family's vocabulary in the threads, so that it is there when an answer is to be counted. */
  warm(family: Family | null): void {
    if ((family ?? "o200k") === "o200k" || this.#warm.has(family)) return;
    this.#warm.add(family);
    for (let thread = 0; thread < THREADS; thread++) void this.count("warm", family);
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

  #run(thread: Worker, { text, family, resolve }: Job): void {
    const timer = setTimeout(() => void thread.terminate(), this.#withinMs + GRACE_MS);
    const died = () => {
      clearTimeout(timer);
      resolve(fewestTokens(text));
    };
    thread.once("exit", died);
    thread.once("message", (counted: Counted) => {
      clearTimeout(timer);
      thread.off("exit", died);
      this.#idle.push(thread);
      resolve(counted);
      this.#next();
    });
    const question: Question = { text, family, withinMs: this.#withinMs };
    thread.postMessage(question, []);
  }
}

const fewestTokens = (text: string): Counted => ({ tokens: Math.floor(text.length / LONGEST_TOKEN), family: null });
