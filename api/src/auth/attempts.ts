import { isIPv6 } from "node:net";
import type { Sql } from "../db/types.ts";
import { InfrError } from "../errors.ts";
import { type Attempts, countAttempt, readAttempts } from "./attempts-store.ts";

/** More tries than there may be in an hour, of one address, for one e-mail address, or in all: HTTP 429. */
export class TooManyAttemptsError extends InfrError {
  readonly code = "too_many_attempts";
  readonly status = 429;
  override readonly retryable = true;
  override readonly retryAfterSeconds: number;

  constructor(what: string, endsAt: Date) {
    const seconds = Math.max(1, Math.ceil((endsAt.getTime() - Date.now()) / 1_000));
    super(`There were too many ${what}. Try again in ${Math.ceil(seconds / 60)} minutes.`);
    this.retryAfterSeconds = seconds;
  }
}

/** A limit, shared by all processes. */
export type AttemptLimit = Attempts & { max: number; words: string };

/** Counts a try against each limit, tightest first. @throws TooManyAttemptsError */
export async function attempt(sql: Sql, limits: readonly AttemptLimit[]): Promise<void> {
  for (const limit of limits) {
    const { n, endsAt } = await countAttempt(sql, limit);
    if (n > limit.max) throw new TooManyAttemptsError(limit.words, endsAt);
  }
}

/** Refuses where a limit is used up already; counts nothing. @throws TooManyAttemptsError */
export async function refuseAttempts(sql: Sql, limits: readonly AttemptLimit[]): Promise<void> {
  for (const limit of limits) {
    const known = await readAttempts(sql, limit);
    if (known && known.n >= limit.max) throw new TooManyAttemptsError(limit.words, known.endsAt);
  }
}

/** Whom tries from an address are counted as: whoever has one IPv6 address has the whole /64. */
export function sourceOf(ip: string): string {
  if (!isIPv6(ip) || ip.includes(".")) return ip;
  const [head = "", tail = ""] = ip.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const after = tail.split(":").filter((group) => group !== "");
  const all = ip.includes("::") ? [...groups, ...Array(8 - groups.length - after.length).fill("0"), ...after] : groups;
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(String(group), 16).toString(16))
    .join(":");
}
