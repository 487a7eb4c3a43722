import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Candidate, chooseAccounts } from "./choose-accounts.ts";
import { MAX_EARNERS, MAX_LINES } from "./compose-batch.ts";

const candidate = (n: number, change: Partial<Candidate> = {}): Candidate => ({
  accountId: `acct_${n}`,
  paidCaptures: 1,
  fundedCaptures: 0,
  unsettledNano: 1n,
  fundedNano: 0n,
  operators: ["operator"],
  referrerId: null,
  ...change,
});
const many = (count: number, change: (n: number) => Partial<Candidate> = () => ({})) =>
  Array.from({ length: count }, (_, n) => candidate(n, change(n)));
const operators = (count: number, name = "operator") => Array.from({ length: count }, (_, n) => `${name}_${n}`);
const earnersOf = (chosen: Candidate[]) => new Set(chosen.flatMap((each) => each.operators));

describe("chooseAccounts", () => {
  test("default: 1,000 accounts and 50 operators are one batch, with the platform's two lines", () => {
    const all = many(1_010, (n) => ({ operators: [`operator_${n % 50}`] }));
    expect(chooseAccounts(all)).toEqual(all.slice(0, 1_000));
  });

  test("behavior: a million captures are enough, of which an account has as many as it may have of each kind", () => {
    expect(chooseAccounts(many(7, () => ({ paidCaptures: 300_000, fundedCaptures: 100_000 })))).toHaveLength(5);
  });

  test("behavior: an account with any number of operators is settled, batch by batch", () => {
    let left = operators(1_900);
    let batches = 0;
    for (; left.length > 0; batches += 1) {
      const chosen = chooseAccounts(many(1, () => ({ operators: left })));
      const settled = earnersOf(chosen);
      expect(settled.size).toBeGreaterThan(0);
      left = left.filter((operator) => !settled.has(operator));
    }
    expect(batches).toBe(8);
  });

  test("behavior: who brings in very many leaves room for those behind him", () => {
    const all = many(8, (n) => ({ operators: n < 2 ? operators(1_000, `many_${n}`) : [`operator_${n}`] }));
    const chosen = chooseAccounts(all);
    expect(chosen.map(({ operators: { length } }) => length)).toEqual([250, 125, 1, 1, 1, 1, 1, 1]);
    expect(chosen[0]?.operators).toEqual(operators(250, "many_0"));
  });

  test("behavior: operators who are in a batch already need no room in it", () => {
    const all = many(20, () => ({ operators: operators(1_000) }));
    expect(earnersOf(chooseAccounts(all)).size).toBe(MAX_EARNERS);
    expect(chooseAccounts(all)).toHaveLength(20);
  });

  test("behavior: whoever is chosen, the lines are within what a batch may have", () => {
    const any = fc.array(fc.tuple(fc.uniqueArray(fc.nat(900), { minLength: 1, maxLength: 40 }), fc.nat(900)), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(any, (lists) => {
        const all = lists.map(([own, referrer], n) =>
          candidate(n, { operators: own.map(String), referrerId: `${referrer}` }),
        );
        const chosen = chooseAccounts(all);
        const earners = earnersOf(chosen);
        expect(chosen.length > 0).toBe(all.length > 0);
        expect(2 + chosen.length + earners.size).toBeLessThanOrEqual(MAX_LINES);
        expect(earners.size).toBeLessThanOrEqual(MAX_EARNERS);
        for (const { accountId, operators: some } of chosen) {
          expect(some.length).toBeGreaterThan(0);
          const before = all.find((each) => each.accountId === accountId);
          expect(before?.operators).toEqual(expect.arrayContaining(some));
        }
      }),
    );
  });
});
