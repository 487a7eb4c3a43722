import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What a child is told when its parent dies, however it dies. */
export type ParentDeathSignal = "INT" | "TERM" | "KILL";

/** True where util-linux's `name` runs: Linux has it, macOS and Alpine's busybox do not. */
export function hasTool(name: "setpriv" | "unshare"): boolean {
  if (process.platform !== "linux") return false;
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * The words to put before a command so that the kernel signals it when this process is gone, SIGKILL included.
 * The kernel looks at the thread that spawned: call it from a main thread, not from a worker thread.
 */
export function tiedPrefix(signal: ParentDeathSignal): string[] {
  return hasTool("setpriv") ? ["setpriv", "--pdeathsig", signal, "--"] : [];
}

/** Spawns a command that does not outlive this process. */
export function spawnTied(words: string[], options: SpawnOptions & { signal?: never } = {}): ChildProcess {
  const [command, ...args] = [...tiedPrefix("TERM"), ...words];
  return spawn(command ?? "", args, options);
}

export class ConditionTimeoutError extends Error {
  readonly code = "condition_timeout";

  constructor(what: string, timeoutMs: number) {
    super(`Waited ${timeoutMs / 1000} s for ${what} in vain.`);
    this.name = "ConditionTimeoutError";
  }
}

export interface Condition<T> {
  what: string;
  timeoutMs: number;
  everyMs?: number;
  /** A thrown error and a falsy answer both mean "not yet". */
  check: () => Promise<T> | T;
}

/** Asks until the answer is truthy, and returns it. */
export async function waitFor<T>({ what, timeoutMs, everyMs = 50, check }: Condition<T>): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await attempt(check);
    if (answer) return answer;
    if (Date.now() > deadline) throw new ConditionTimeoutError(what, timeoutMs);
    await sleep(everyMs);
  }
}

async function attempt<T>(check: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await check();
  } catch {
    return undefined;
  }
}

export function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** Resolves when the process has ended; at once if it already has, or never started. */
export function exited(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
  });
}

/** Asks a process to end and kills it after the grace time. */
export async function endProcess(
  child: ChildProcess,
  { signal = "SIGTERM", graceMs = 5_000 }: { signal?: NodeJS.Signals; graceMs?: number } = {},
): Promise<void> {
  if (!isRunning(child)) return;
  const ended = exited(child);
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await ended;
  clearTimeout(timer);
}

/** The command line of a process, words joined by spaces; null if there is none of that number. */
export function commandOf(pid: number): string | null {
  try {
    // A bare Debian has no ps.
    const command =
      process.platform === "linux"
        ? readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
        : execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" });
    return command.trim() || null;
  } catch {
    return null;
  }
}
