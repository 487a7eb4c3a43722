import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { commandOf } from "../process.ts";

/** Where the stack keeps what it remembers. */
export const FOLDER = ".infr";
const RUN_FILE = join(FOLDER, "run.json");

export const pathOf = (name: string): string => join(FOLDER, name);

/** What a file of the folder holds; null if it is not there or not whole. */
export function readJson(name: string): unknown {
  try {
    return JSON.parse(readFileSync(pathOf(name), "utf8"));
  } catch {
    return null;
  }
}

/** Whole or not at all, so that a crash leaves the file before it. */
export function writeJson(name: string, value: unknown): void {
  const draft = pathOf(`${name}.draft`);
  // Private keys and API keys, if only of a local chain.
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, pathOf(name));
}

export function forgetEverything(): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
}

interface Process {
  pid: number;
  command: string;
}

export class AlreadyRunningError extends Error {
  readonly code = "already_running";

  constructor(pid: number) {
    super(`The stack already runs here (process ${pid}). Stop it first: Ctrl-C there, or kill ${pid}.`);
    this.name = "AlreadyRunningError";
  }
}

/** Makes this process the one that uses the folder, and waits for the parts of one that was killed to end. */
export async function claimFolder(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const [owner, ...parts] = existsSync(RUN_FILE) ? ((readJson("run.json") ?? []) as Process[]) : [];
  if (owner && isAlive(owner)) throw new AlreadyRunningError(owner.pid);
  for (const part of parts) await outlive(part);
  releaseFolder();
  recordProcesses([]);
}

/** Notes who runs, for the start after a crash. */
export function recordProcesses(parts: readonly number[]): void {
  const processes = [process.pid, ...parts].map((pid) => ({ pid, command: commandOf(pid) ?? "" }));
  writeJson("run.json", processes);
}

/** Leaves the folder to the next start. `dev.json` is there only while what it describes runs. */
export function releaseFolder(): void {
  for (const name of ["run.json", "dev.json"]) rmSync(pathOf(name), { force: true });
}

async function outlive(part: Process): Promise<void> {
  for (let tries = 0; isAlive(part); tries += 1) {
    if (tries === 0) process.kill(part.pid, "SIGINT");
    if (tries === 150) process.kill(part.pid, "SIGKILL");
    await sleep(100);
  }
}

/** Numbers are used again: the command tells whether it is still the same process. */
function isAlive({ pid, command }: Process): boolean {
  return pid !== process.pid && command !== "" && commandOf(pid) === command;
}
