import { closeSync, mkdirSync, openSync } from "node:fs";
import { endProcess, isRunning, spawnTied, waitFor } from "../scripts/process.ts";

const START_MS = 120_000;

/** A process of the stack, which tests may kill and start again. */
export class Part {
  readonly logFile: string;
  readonly #words: string[];
  readonly #settings: Record<string, string>;
  #child;

  constructor(name: string, words: string[], settings: Record<string, string>) {
    this.logFile = `.infr-test/${name}.log`;
    this.#words = words;
    this.#settings = settings;
    this.#child = this.#launch();
  }

  get running(): boolean {
    return isRunning(this.#child);
  }

  /** Ends it without asking, and starts it anew. */
  async killAndRestart(): Promise<void> {
    await endProcess(this.#child, { signal: "SIGKILL" });
    this.#child = this.#launch();
  }

  /** It stands still, and its connections with it, until it is thawed or killed. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  stop(): Promise<void> {
    return endProcess(this.#child, { graceMs: 20_000 });
  }

  #launch() {
    mkdirSync(".infr-test", { recursive: true });
    const log = openSync(this.logFile, "a");
    const env = { ...process.env, ...this.#settings };
    const child = spawnTied([process.execPath, ...this.#words], { stdio: ["ignore", log, log], env });
    closeSync(log);
    return child;
  }
}

/** Waits until it answers. @throws Error if the process ends before that */
export async function waitUntilUp(url: string, part: Part): Promise<void> {
  await waitFor({
    what: `${url} (see ${part.logFile})`,
    timeoutMs: START_MS,
    check: async () => !part.running || (await fetch(url)).ok,
  });
  if (!part.running) throw new Error(`${url}: the process ended, see ${part.logFile}`);
}
