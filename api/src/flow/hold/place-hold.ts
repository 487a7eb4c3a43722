import { formatUsd, type NanoUsd } from "@infr/money";
import { InfrError, UnavailableError } from "../../errors.ts";
import type { Batcher } from "../../ledger/commit/batcher.ts";
import type { HoldOperation } from "../../ledger/commit/operations.ts";

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

/** A limit that somebody set on the account, a member or a key refuses the request: HTTP 403. */
export class LimitReachedError extends InfrError {
  readonly code = "limit_reached";
  readonly status = 403;
  readonly limit: string;

  constructor({ limit, needed }: { limit: string; needed: NanoUsd }) {
    super(`The limit ${limit} has less than $${formatUsd(needed)} left. Raise it, or wait for its next period.`);
    this.limit = limit;
  }
}

/**
 * Sets money aside for a request before anything is asked of a node.
 * @returns how much: the worst case, or what balance and limits leave of it, never less than `floor`
 * @throws InsufficientBalanceError, LimitReachedError; OverloadedError and UnavailableError, after which nothing is held
 */
export async function placeHold(batcher: Batcher, hold: HoldOperation): Promise<NanoUsd> {
  const outcome = await batcher.hold(hold);
  if (outcome.outcome === "held" && outcome.granted !== null) return outcome.granted;
  if (outcome.outcome === "refused" && outcome.spendable !== null) {
    throw outcome.refusedBy === "balance" || outcome.refusedBy === null
      ? new InsufficientBalanceError({ spendable: outcome.spendable, needed: hold.floor })
      : new LimitReachedError({ limit: outcome.refusedBy, needed: hold.floor });
  }
  throw new UnavailableError(`The ledger (${outcome.outcome})`);
}

/** Ends a hold without billing anything: nothing was served. */
export async function releaseHold(batcher: Batcher, hold: { requestId: string; accountId: string }): Promise<void> {
  await batcher.release(hold);
}
