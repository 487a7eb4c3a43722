import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exited, isRunning, tiedPrefix, waitFor } from "../process.ts";

/** One process of the stack. */
export interface Part {
  name: string;
  /** The command line; asked anew for each start. */
  words: () => string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Answers true when the part can be used. */
  ready: () => Promise<boolean>;
  readyTimeoutMs?: number;
  /** How it is asked to end. */
  stopSignal?: "SIGINT" | "SIGTERM";
  /** What the command line does itself about the death of its parent. */
  isTied?: boolean;
}

export interface SupervisorOptions {
  logFolder: string;
  say: (line: string) => void;
  /** Told the process ids whenever they change. */
  onPids?: (pids: number[]) => void;
  backoffMs?: { first: number; most: number };
  /** How long a part may take to end before it is killed; longer than the parts give themselves. */
  graceMs?: number;
}

export class PartFailedError extends Error {
  readonly code = "part_failed";

  constructor({ name, why, log, tail }: { name: string; why: string; log: string; tail: string }) {
    super(`${name} ${why}. The end of ${log}:\n${tail}`);
    this.name = "PartFailedError";
  }
}

/** A part that ran this long before it died starts again without delay. */
const STEADY_MS = 30_000;

interface Attempt {
  part: Part;
  startedAt: number;
  failures: number;
}

interface Running extends Attempt {
  child: ChildProcess;
}

/**
 * Keeps parts running: each in a process group of its own, so that Ctrl-C reaches only the supervisor, which ends them in
 * reverse order. A part that dies is started again, ever later. Where the kernel can, it ends the parts of a supervisor
 * that was killed.
 */
export class Supervisor {
  readonly #running = new Map<string, Running>();
  readonly #options: Required<SupervisorOptions>;
  readonly #prefix = tiedPrefix("TERM");
  #isStopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = { backoffMs: { first: 500, most: 30_000 }, graceMs: 20_000, onPids: () => {}, ...options };
    mkdirSync(options.logFolder, { recursive: true });
  }

  /** Starts a part and waits until it can be used. */
  async start(part: Part): Promise<void> {
    const running = this.#launch(part, 0);
    const timeoutMs = part.readyTimeoutMs ?? 60_000;
    try {
      await waitFor({
        what: part.name,
        timeoutMs,
        check: async () => this.#isStopping || !isRunning(running.child) || (await part.ready()),
      });
    } catch {
      throw this.#failure(part, `was not ready after ${timeoutMs / 1000} s`);
    }
    if (this.#isStopping) return;
    if (!isRunning(running.child)) throw this.#failure(part, "ended before it was ready");
    this.#watch(running);
  }

  /** Ends all parts, the last one started first. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const running of [...this.#running.values()].reverse()) await this.#end(running);
  }

  pidOf(name: string): number | undefined {
    return this.#running.get(name)?.child.pid;
  }

  #launch(part: Part, failures: number): Running {
    const [command = "", ...args] = [...(part.isTied ? [] : this.#prefix), ...part.words()];
    const log = openSync(this.#logFile(part), failures === 0 ? "w" : "a");
    const child = spawn(command, args, {
      cwd: part.cwd,
      env: { ...process.env, ...part.env },
      stdio: ["ignore", log, log],
      detached: true,
    });
    // A command that does not exist ends like one that fails.
    child.on("error", () => {});
    closeSync(log);
    const running = { part, child, failures, startedAt: Date.now() };
    this.#running.set(part.name, running);
    this.#options.onPids([...this.#running.values()].flatMap(({ child }) => child.pid ?? []));
    return running;
  }

  /** Called when a part has died. */
  async #revive({ part, failures, startedAt }: Attempt, why: string): Promise<void> {
    if (this.#isStopping) return;
    const tries = Date.now() - startedAt > STEADY_MS ? 0 : failures;
    const { first, most } = this.#options.backoffMs;
    const delayMs = Math.min(most, first * 2 ** tries);
    this.#options.say(`${part.name} ended (${why}): again in ${delayMs / 1000} s. Log: ${this.#logFile(part)}`);
    await sleep(delayMs);
    if (this.#isStopping) return;
    try {
      this.#watch(this.#launch(part, tries + 1));
    } catch (error) {
      // The command line could not be made, as when the part's folder is still in use.
      const reason = error instanceof Error ? error.message : String(error);
      await this.#revive({ part, failures: tries + 1, startedAt: Date.now() }, reason);
    }
  }

  #watch(running: Running): void {
    const { child } = running;
    const revive = () => void this.#revive(running, child.signalCode ?? `exit code ${child.exitCode ?? "unknown"}`);
    if (child.pid !== undefined && isRunning(child)) child.once("exit", revive);
    else revive();
  }

  async #end({ part, child }: Running): Promise<void> {
    if (!isRunning(child)) return;
    const ended = exited(child);
    signalGroup(child, part.stopSignal ?? "SIGTERM");
    const timer = setTimeout(() => signalGroup(child, "SIGKILL"), this.#options.graceMs);
    await ended;
    clearTimeout(timer);
    // What the part itself had started.
    signalGroup(child, "SIGKILL");
  }

  #logFile({ name }: Part): string {
    return join(this.#options.logFolder, `${name.replaceAll(" ", "-")}.log`);
  }

  #failure(part: Part, why: string): PartFailedError {
    const log = this.#logFile(part);
    const tail = readFileSync(log, "utf8").trimEnd().split("\n").slice(-15).join("\n");
    return new PartFailedError({ name: part.name, why, log, tail });
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is empty.
  }
}
