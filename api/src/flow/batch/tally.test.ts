import { nanoUsd } from "@infr/money";
import { accountCommitment, buildReceiptsTree } from "@infr/protocol";
import fc from "fast-check";
import { bytesToHex } from "viem";
import { describe, expect, test } from "vitest";
import { bytesOf } from "./batch-bytes.ts";
import type { CaptureRow, Party } from "./claim-store.ts";
import { type BatchInput, type ComposedBatch, composeBatch, UnknownPartyError } from "./compose-batch.ts";
import { Tally } from "./tally.ts";

const BUYERS = 4;
const OPERATORS = 3;
const parties = new Map(
  Array.from({ length: BUYERS + OPERATORS }, (_, n): [string, Party] => [
    `acct_${n}`,
    { accountId: `acct_${n}`, number: n + 2, ref: new Uint8Array(32).fill(n + 1), isLasting: true },
  ]),
);
const row = fc.record({
  account_id: fc.nat(BUYERS - 1).map((n) => `acct_${n}`),
  operator_id: fc.nat(OPERATORS - 1).map((n) => `acct_${BUYERS + n}`),
  receipt_salt: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  model: fc.constantFrom("a", "b/c"),
  price_version: fc.constantFrom(`0x${"11".repeat(32)}` as const, `0x${"22".repeat(32)}` as const),
  prompt_tokens: fc.nat(9_999),
  cached_tokens: fc.nat(9_999),
  completion_tokens: fc.nat(9_999),
  reasoning_tokens: fc.nat(9_999),
  units: fc.nat(9),
  cost_nano: fc.bigInt({ min: 0n, max: 10n ** 9n }),
  share: fc.nat(4),
  usage_source: fc.constantFrom("node", "recount", "drained"),
  time: fc.integer({ min: 1_795_000_000, max: 1_796_000_000 }),
});
/** Captures, and the same ones in another order. */
const captures = fc
  .array(row, { minLength: 1, maxLength: 50 })
  .map((rows) =>
    rows.map(
      ({ share, ...each }, n): CaptureRow => ({
        ...each,
        request_id: `req_${n}`,
        funded_nano: (each.cost_nano * BigInt(share)) / 4n,
      }),
    ),
  )
  .chain((rows) =>
    fc.tuple(
      fc.constant(rows),
      fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }),
      fc.nat(rows.length),
    ),
  );

function compose(tally: Tally): ComposedBatch | null {
  const numbers = new Map([...parties.values()].map(({ accountId, number }) => [accountId, number ?? 0]));
  const carries: BatchInput["carries"] = {
    accounts: new Map([["acct_0", { carryNano: 7n, seq: 3n }]]),
    earners: new Map([[`acct_${BUYERS}`, { carryNano: 999n, seq: 3n }]]),
  };
  const referrals = { referrerOf: new Map([["acct_1", "acct_2"]]), carried: new Map([["acct_3", 5n]]) };
  return composeBatch({ payments: tally.payments, gross: tally.gross, numbers, carries, referrals });
}

/** Adds captures in two slices. */
function tallyOf(rows: CaptureRow[], cut: number): Tally {
  const tally = new Tally(parties);
  tally.add(rows.slice(0, cut));
  tally.add(rows.slice(cut));
  return tally;
}

describe("Tally", () => {
  test("default: the same captures make the same bytes, in whatever order and slices they come", () => {
    fc.assert(
      fc.property(captures, ([rows, shuffled, cut]) => {
        const [one, other] = [tallyOf(rows, 0), tallyOf(shuffled, cut)];
        const [batch, again] = [compose(one), compose(other)];
        expect(again).toEqual(batch);
        if (batch && again) expect(bytesOf(again, other.subRoots())).toEqual(bytesOf(batch, one.subRoots()));
      }),
    );
  });

  test("behavior: its root is the one of the tree that users rebuild", () => {
    fc.assert(
      fc.property(captures, ([rows, shuffled, cut]) => {
        const tally = tallyOf(shuffled, cut);
        const batch = compose(tally);
        if (!batch) return;
        const tree = buildReceiptsTree({
          accounts: batch.accounts.map((line) => ({
            account: line.number,
            previousSeq: line.previousSeq,
            line: line.line,
            carryIn: line.number === 1 ? nanoUsd(0n) : line.carryIn,
            carryOut: line.number === 1 ? nanoUsd(0n) : line.carryOut,
            receipts: rows.filter((each) => each.account_id === line.accountId).map(publicReceipt),
          })),
        });
        expect(bytesOf(batch, tally.subRoots()).root).toBe(tree.root);
      }),
    );
  });

  test("error: UnknownPartyError for a capture of somebody without a number", () => {
    const [[one] = []] = fc.sample(captures, 1).map(([rows]) => rows);
    if (!one) throw new Error("nothing was sampled");
    expect(() => new Tally(new Map()).add([one])).toThrow(UnknownPartyError);
  });
});

function publicReceipt(row: CaptureRow) {
  const [account, operator] = [parties.get(row.account_id), parties.get(row.operator_id)];
  return {
    requestId: row.request_id,
    accountCommitment: accountCommitment({
      ref: bytesToHex(account?.ref ?? new Uint8Array()),
      salt: bytesToHex(row.receipt_salt),
    }),
    operator: operator?.number ?? 0,
    model: row.model,
    priceVersion: row.price_version,
    promptTokens: row.prompt_tokens,
    cachedTokens: row.cached_tokens,
    completionTokens: row.completion_tokens,
    reasoningTokens: row.reasoning_tokens,
    units: row.units,
    cost: nanoUsd(row.cost_nano),
    platformPaid: nanoUsd(row.funded_nano),
    usageSource: row.usage_source,
    time: row.time,
  };
}
