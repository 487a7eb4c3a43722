import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { commandOf } from "../process.ts";

const WATCH_MS = 500;

/**
 * The package managers, and the shells between them, that started a process: `npx`, `sh`, `pnpm`, `sh`. A signal to the
 * outermost, all that whoever started it knows of, ends that one alone.
 */
export function launchersOf(pid: number): number[] {
  const ancestors: number[] = [];
  for (let each = parentOf(pid); each > 1 && ancestors.length < 32; each = parentOf(each)) ancestors.push(each);
  const outermost = ancestors.findLastIndex((each) => isPackageManager(commandOf(each) ?? ""));
  return ancestors.slice(0, outermost + 1);
}

/** Calls back once when one of the launchers of this process is gone. */
export function onLauncherGone(callback: () => void): void {
  const launchers = launchersOf(process.pid);
  if (launchers.length === 0) return;
  const timer = setInterval(() => {
    if (launchers.every(isAlive)) return;
    clearInterval(timer);
    callback();
  }, WATCH_MS);
  timer.unref();
}

/** Matches `pnpm dev`, `npm exec pnpm@… dev`, `node …/npx-cli.js`; not an editor that has a file of that name open. */
export function isPackageManager(command: string): boolean {
  return /^(\S*\/)?(node \S*\/)?(pnpm|npm|npx|yarn)(-cli)?(\.\w+)?( |$)/.test(command) || /^sh -c '?pnpm/.test(command);
}

function parentOf(pid: number): number {
  try {
    if (process.platform !== "linux") {
      return Number(execFileSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" }));
    }
    // The name in brackets may hold anything, spaces and brackets too.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  // One that ended and was not waited for still has a number, but no command line.
  if (process.platform === "linux") return commandOf(pid) !== null;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
