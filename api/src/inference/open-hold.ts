import { InfrError } from "../errors.ts";
import { releaseHold } from "../flow/hold/place-hold.ts";
import type { Batcher } from "../ledger/commit/batcher.ts";

const RETRY_MS = 5_000;
const MAX_RETRIES = 60;

/** What was answered could not be billed, by a fault of ours, and so it is not given out. */
export class NotBilledError extends InfrError {
  readonly code = "billing_failed";
  readonly status = 500;
  override readonly retryable = true;

  constructor({ requestId, cause }: { requestId: string; cause: unknown }) {
    super(`Request ${requestId} could not be billed, so its answer is withheld. Send it again.`, { cause });
  }
}

type Hold = { requestId: string; accountId: string };

/**
 * Ends a hold unbilled; after a capture it changes nothing. While the ledger does not answer it is tried again in the
 * background for five minutes, then the hold ends with this process's lease. Never fails.
 */
export async function releaseSurely(batcher: Batcher, hold: Hold, retries = MAX_RETRIES): Promise<void> {
  try {
    await releaseHold(batcher, hold);
  } catch {
    if (retries > 0) setTimeout(() => void releaseSurely(batcher, hold, retries - 1), RETRY_MS).unref();
  }
}

/** Does what bills a hold; if that fails, for whatever reason, releases it. @throws InfrError */
export async function billOrRelease<T>(batcher: Batcher, hold: Hold, bill: () => Promise<T>): Promise<T> {
  try {
    return await bill();
  } catch (cause) {
    await releaseSurely(batcher, hold);
    throw cause instanceof InfrError ? cause : new NotBilledError({ requestId: hold.requestId, cause });
  }
}
