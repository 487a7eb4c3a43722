import type { NanoUsd } from "@infr/money";
import { InfrError } from "../../errors.ts";
import type { Batcher } from "../../ledger/commit/batcher.ts";
import type { CaptureOperation } from "../../ledger/commit/operations.ts";

/** The hold is gone, because this process lost its lease, so the request can't be billed and must not be answered. */
export class HoldExpiredError extends InfrError {
  readonly code = "hold_expired";
  readonly status = 503;
  override readonly retryable = true;

  constructor(requestId: string) {
    super(`Request ${requestId} took so long that its hold was released. It was not charged. Send it again.`);
  }
}

/**
 * Bills a request out of its hold; what the hold had more is spendable again. Resolves when the capture is durable.
 * Repeating it changes nothing.
 * @returns what the account can spend now
 * @throws HoldExpiredError when there is neither hold nor earlier capture
 */
export async function captureHold(batcher: Batcher, capture: CaptureOperation): Promise<NanoUsd | null> {
  const { outcome, spendable } = await batcher.capture(capture);
  if (outcome === "captured") return spendable;
  if (outcome === "unknown_hold") throw new HoldExpiredError(capture.requestId);
  throw new Error(`capture of ${capture.requestId} ended as ${outcome}`);
}
