import { formatUsd, type MicroUsdc, microToNano, type NanoUsd, nanoUsd } from "@infr/money";
import { InfrError, RefusedError } from "../../errors.ts";

const STATUS = {
  insufficient_credit: 402,
  in_debt: 402,
  account_frozen: 403,
  sharing_limit: 403,
  too_many_moves: 429,
  unknown_recipient: 422,
  own_account: 422,
  recipient_frozen: 422,
  invalid_signature: 422,
  recipient_not_ready: 409,
  order_outdated: 409,
  not_for_you: 403,
  claim_not_ready: 409,
  claim_over: 409,
  request_over: 409,
  order_over: 409,
} as const;

/** Credit is not moved, and nothing has changed: the message says why, and what to do. */
export class MoveRefusedError extends RefusedError<keyof typeof STATUS> {
  constructor(code: keyof typeof STATUS, message: string, param: string | null = null) {
    super({ code, status: STATUS[code], message, param });
  }
}

/** A request for money that can't be paid: HTTP 409. */
export const requestOver = (state: string): MoveRefusedError =>
  new MoveRefusedError("request_over", `This request is ${state}: nothing was moved. Ask for a new one.`, "to");

/**
 * A code that can't be redeemed, or not by this account: HTTP 422. Always the same, whatever is wrong with it: whoever tries
 * codes learns nothing.
 */
export class CodeRefusedError extends InfrError {
  readonly code = "code_refused";
  readonly status = 422;
  override readonly param = "code";
  constructor() {
    super(
      "This code can't be redeemed: it is mistyped, used, expired, revoked, or for somebody else. Check it letter by letter, or ask who gave it to you.",
    );
  }
}

/** A gift, or a transfer, that can't be called back now: HTTP 409. */
export class GiftNotActiveError extends InfrError {
  readonly code = "gift_not_active";
  readonly status = 409;
  constructor(state: string) {
    super(`This is ${state}: only what waits for its recipient, and nobody is redeeming, can be called back.`);
  }
}

/** An idempotency key that was sent before, with a request for something else: HTTP 409. */
export class MoveKeyReusedError extends InfrError {
  readonly code = "idempotency_key_reused";
  readonly status = 409;
  constructor() {
    super("This Idempotency-Key was sent before with another body. Use a new one for each move of credit.");
  }
}

/** Why an account can't give `amount`, if it can't. */
export function refusalOf({
  outcome,
  amount,
  shareable,
  funded,
  capLeft,
}: {
  outcome: "frozen" | "debt" | "balance" | "cap";
  amount: MicroUsdc;
  shareable: NanoUsd;
  funded: NanoUsd;
  capLeft: NanoUsd;
}): MoveRefusedError {
  const wanted = `$${formatUsd(microToNano(amount))}`;
  switch (outcome) {
    case "frozen":
      return new MoveRefusedError("account_frozen", "This account is frozen: it can't move credit. Write to support.");
    case "debt":
      return new MoveRefusedError(
        "in_debt",
        "This account is overdrawn, so nothing of it can be shared. Add credit: it repays the debt first.",
      );
    case "cap": {
      const left = `$${formatUsd(capLeft > 0n ? capLeft : nanoUsd(0n))}`;
      return new MoveRefusedError(
        "sharing_limit",
        `${wanted} is more than the ${left} that this account may still share today (UTC). Send less, or wait for tomorrow.`,
        "amount",
      );
    }
    case "balance": {
      const only =
        funded > 0n ? ` The $${formatUsd(funded)} that the platform has given it is for your own requests only.` : "";
      return new MoveRefusedError(
        "insufficient_credit",
        `${wanted} is more than the $${formatUsd(shareable)} of paid credit that nothing is metered or held against.${only} Deposit, or send less.`,
        "amount",
      );
    }
  }
}
