import { readFileSync } from "node:fs";

/**
 * What processors have done, as counters: `worked` of all of them and what their host took from them, in hundredths of a
 * second; how long this process ran, and waited for others to leave it a processor, in nanoseconds.
 */
export type Processors = { worked: number; stolen: number; ran: number; waited: number };

/** Nobody has waited where nobody tells: Linux does. */
export function readProcessors(): Processors {
  if (process.platform !== "linux") return { worked: 1, stolen: 0, ran: 1, waited: 0 };
  const [all = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = all.split(/\s+/).slice(1).map(Number);
  const [ran = 1, waited = 0] = readFileSync("/proc/self/schedstat", "utf8").split(" ").map(Number);
  return { worked: user + nice + system + irq + softirq, stolen, ran, waited };
}

const MOST = 5;

/** How many times as long as on processors of its own everything has taken since: 1 to 5. */
export function slowdown(before: Processors): number {
  const now = readProcessors();
  const [worked, ran] = [now.worked - before.worked, now.ran - before.ran];
  if (worked <= 0 || ran <= 0) return 1;
  const ofHost = (worked + now.stolen - before.stolen) / worked;
  const ofOthers = (ran + now.waited - before.waited) / ran;
  return Math.min(ofHost * ofOthers, MOST);
}
