import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Candidate, chooseAccounts, MAX_EARNERS } from "./choose-accounts.ts";
import { MAX_LINES } from "./compose-batch.ts";

const candidate = (n: number, change: Partial<Candidate> = {}): Candidate => ({
  accountId: `acct_${n}`,
  paidCaptures: 1,
  fundedCaptures: 0,
  unsettledNano: 1n,
  fundedNano: 0n,
  earners: ["operator"],
  ...change,
});
const many = (count: number, change: (n: number) => Partial<Candidate> = () => ({})) =>
  Array.from({ length: count }, (_, n) => candidate(n, change(n)));

describe("chooseAccounts", () => {
  test("default: 1,000 accounts and 50 operators are one batch, with the platform's two lines", () => {
    const all = many(1_010, (n) => ({ earners: [`operator_${n % 50}`] }));
    expect(chooseAccounts(all)).toEqual(all.slice(0, 1_000));
  });

  test("behavior: a million captures are enough, the first account goes in any case", () => {
    expect(chooseAccounts(many(5, () => ({ paidCaptures: 300_000, fundedCaptures: 100_000 })))).toHaveLength(3);
    const earners = Array.from({ length: 2_000 }, (_, n) => `operator_${n}`);
    expect(chooseAccounts(many(3, () => ({ earners })))).toEqual(many(1, () => ({ earners })));
  });

  test("behavior: who brings in too many is passed over, others behind him are not", () => {
    const earners = Array.from({ length: 1_050 }, (_, n) => `operator_${n}`);
    const all = many(3, (n) => (n === 1 ? { earners } : {}));
    expect(chooseAccounts(all).map(({ accountId }) => accountId)).toEqual(["acct_0", "acct_2"]);
  });

  test("behavior: whoever is chosen, the lines are within what a batch may have", () => {
    const any = fc.array(fc.uniqueArray(fc.nat(900), { maxLength: 40 }), { maxLength: 300 });
    fc.assert(
      fc.property(any, (lists) => {
        const chosen = chooseAccounts(lists.map((earners, n) => candidate(n, { earners: earners.map(String) })));
        const earners = new Set(chosen.flatMap((each) => each.earners));
        expect(2 + chosen.length + earners.size).toBeLessThanOrEqual(MAX_LINES);
        expect(earners.size).toBeLessThanOrEqual(MAX_EARNERS);
      }),
    );
  });
});
