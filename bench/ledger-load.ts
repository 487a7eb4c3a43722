import { nanoUsd } from "@infr/money";
import { newId, timeOfId } from "../api/src/ids.ts";
import type { Batcher } from "../api/src/ledger/commit/batcher.ts";
import type { CaptureOperation, HoldOperation, Operation, Outcome } from "../api/src/ledger/commit/operations.ts";

/** Something that holds and captures: the batcher, or one call of the function for each step. */
export type Ledger = Pick<Batcher, "hold" | "capture">;

/** Holds and captures one request after the other, so many at once. @returns pairs of hold and capture a second */
export async function pairsPerSecond(
  ledger: Ledger,
  { account, inFlight, ms }: { account: (n: number) => string; inFlight: number; ms: number },
): Promise<number> {
  let pairs = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() - startedAt < ms) {
        const accountId = account(pairs);
        const requestId = newId("req");
        expect(await ledger.hold(holdOf(accountId, requestId)), "held");
        expect(await ledger.capture(captureOf(accountId, requestId)), "captured");
        pairs += 1;
      }
    }),
  );
  return pairs / ((performance.now() - startedAt) / 1000);
}

function expect({ outcome }: Outcome, wanted: Outcome["outcome"]): void {
  if (outcome !== wanted) throw new Error(`${outcome} instead of ${wanted}`);
}

/** What the gateway submits: a limit of each kind may exist, none does. */
const holdOf = (accountId: string, requestId: string): HoldOperation => ({
  requestId,
  accountId,
  worst: nanoUsd(200_000n),
  floor: nanoUsd(1_000n),
  subjects: [`account:${accountId}`, "key:key_1", "member:user_1"],
});

const captureOf = (accountId: string, requestId: string): CaptureOperation => ({
  requestId,
  accountId,
  startedAt: timeOfId(requestId),
  keyId: "key_1",
  userId: "user_1",
  model: "bench",
  nodeId: "node_1",
  operatorId: "acct_operator",
  priceVersion: `0x${"1".repeat(64)}`,
  tokens: { prompt: 12, cached: 0, completion: 50, reasoning: 0 },
  cost: { prompt: nanoUsd(1_200n), cached: nanoUsd(0n), completion: nanoUsd(7_500n), reasoning: nanoUsd(0n) },
  latencyMs: 5,
  status: "ok",
  usageSource: "node",
  receiptSalt: "ab".repeat(32),
});

/** The yardstick: every step is a call, and a commit, of its own. */
export function stepByStep(commit: (operations: Operation[]) => Promise<Outcome[]>): Ledger {
  const one = async (operation: Operation): Promise<Outcome> => {
    const [outcome] = await commit([operation]);
    if (!outcome) throw new Error("no answer");
    return outcome;
  };
  return {
    hold: (operation) => one({ kind: "hold", ...operation }),
    capture: (operation) => one({ kind: "capture", ...operation }),
  };
}
