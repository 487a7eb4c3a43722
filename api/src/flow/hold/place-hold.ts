import { formatUsd, type NanoUsd } from "@infr/money";
import { InfrError, UnavailableError } from "../../errors.ts";
import type { Batcher } from "../../ledger/commit/batcher.ts";
import type { HoldOperation, Outcome } from "../../ledger/commit/operations.ts";

/** The account cannot pay for the request: HTTP 402. */
export class InsufficientBalanceError extends InfrError {
  readonly code = "insufficient_quota";
  readonly status = 402;
  readonly spendable: NanoUsd;
  readonly needed: NanoUsd;

  constructor({ spendable, needed }: { spendable: NanoUsd; needed: NanoUsd }) {
    super(
      spendable <= 0n
        ? `Balance $${formatUsd(spendable)} is used up. Add credit to go on.`
        : `Balance $${formatUsd(spendable)} is below the $${formatUsd(needed)} this request costs at least. Add credit or shorten the prompt.`,
    );
    this.spendable = spendable;
    this.needed = needed;
  }
}

/** A limit that somebody set on an account, a person, a project or a key refuses the request: HTTP 403. */
export class LimitReachedError extends InfrError {
  readonly code = "limit_reached";
  readonly status = 403;
  /** The limit's `scope:subject`. */
  readonly limit: string;

  constructor({ refusedBy, limit, name, needed }: Refusal & { name: string; needed: NanoUsd }) {
    const isOnChain = refusedBy.startsWith(CHAIN_DAY);
    const owner = isOnChain ? "this account in the contract" : name;
    const left = limit.left > 0n ? `$${formatUsd(limit.left)}` : "nothing";
    super(
      `The ${WORD_OF[limit.period]} limit of $${formatUsd(limit.amount)} of ${owner} has ${left} left, and this request costs at least $${formatUsd(needed)}. ` +
        (isOnChain ? REFILLS : limit.period === "total" ? "Raise it." : "Raise it, or wait for its next window."),
    );
    this.limit = refusedBy;
  }
}

/** Of the limit that the contract puts on an account: what it would not settle is not served. */
const CHAIN_DAY = "chain_day:";
const REFILLS = "It refills evenly over a day: wait, or raise it by signature.";

type Refusal = { refusedBy: string; limit: NonNullable<Outcome["limit"]> };
const WORD_OF = { day: "daily", week: "weekly", month: "monthly", total: "total" };

/**
 * Sets money aside for a request before anything is asked of a node. `names` calls subjects by words that people know
 * them by, for the error.
 * @returns how much (the worst case, or what balance and limits leave of it, never less than `floor`), and what the
 * account could spend before
 * @throws InsufficientBalanceError, LimitReachedError; OverloadedError and UnavailableError, after which nothing is held
 */
export async function placeHold(
  batcher: Batcher,
  hold: HoldOperation,
  names: Record<string, string> = {},
): Promise<{ granted: NanoUsd; spendable: NanoUsd | null }> {
  const outcome = await batcher.hold(hold);
  const { granted, spendable, refusedBy, limit } = outcome;
  if (outcome.outcome === "held" && granted !== null) return { granted, spendable };
  if (outcome.outcome === "refused" && refusedBy !== null) {
    if (limit)
      throw new LimitReachedError({ refusedBy, limit, name: names[refusedBy] ?? refusedBy, needed: hold.floor });
    if (spendable !== null) throw new InsufficientBalanceError({ spendable, needed: hold.floor });
  }
  throw new UnavailableError(`The ledger (${outcome.outcome})`);
}

/** Ends a hold without billing anything: nothing was served. */
export async function releaseHold(batcher: Batcher, hold: { requestId: string; accountId: string }): Promise<void> {
  await batcher.release(hold);
}
