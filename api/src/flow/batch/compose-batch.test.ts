import { microToNano } from "@infr/money";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import {
  type BatchInput,
  type Carried,
  type ComposedBatch,
  type ComposedLine,
  composeBatch,
  MAX_EARNERS,
} from "./compose-batch.ts";

type Capture = { buyer: number; operator: number; cost: bigint; funded: bigint };
type Carries = BatchInput["carries"];

const none: Carries = { accounts: new Map(), earners: new Map() };
const nobody = { referrerOf: new Map<string, string>(), carried: new Map<string, bigint>() };
const NUMBERS = new Map(
  Array.from({ length: 20 }, (_, number) => [
    [`buyer_${number}`, number],
    [`operator_${number}`, number],
  ])
    .flat()
    .map(([id, number]) => [String(id), Number(number)] as const),
);
const capture = (buyer: number, operator: number, cost: bigint, funded = 0n): Capture => ({
  buyer,
  operator,
  cost,
  funded,
});
/** Adds captures up in the order given. */
function compose(captures: Capture[], change: Partial<BatchInput> = {}): ComposedBatch | null {
  const payments = Map.groupBy(captures, ({ buyer }) => buyer);
  const earned = Map.groupBy(captures, ({ operator }) => operator);
  return composeBatch({
    payments: [...payments].map(([buyer, of]) => ({
      accountId: `buyer_${buyer}`,
      paidNano: sum(of.map(({ cost, funded }) => cost - funded)),
      fundedNano: sum(of.map(({ funded }) => funded)),
      captures: of.length,
    })),
    gross: [...earned].map(([operator, of]) => ({
      accountId: `operator_${operator}`,
      grossNano: sum(of.map(({ cost }) => cost)),
    })),
    numbers: NUMBERS,
    carries: none,
    referrals: nobody,
    ...change,
  });
}
const captures = fc.array(
  fc
    .record({
      buyer: fc.integer({ min: 2, max: 9 }),
      operator: fc.integer({ min: 10, max: 14 }),
      cost: fc.bigInt({ min: 0n, max: 10n ** 9n }),
      part: fc.nat(100),
    })
    .map(({ buyer, operator, cost, part }) => capture(buyer, operator, cost, (cost * BigInt(part)) / 100n)),
  { minLength: 1, maxLength: 60 },
);
const sum = (amounts: bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
const carryOf = (lines: ComposedLine[]) =>
  new Map(lines.map((line) => [line.accountId, { carryNano: line.carryOut, seq: 1n }]));

describe("composeBatch", () => {
  test("default: whole micro-dollars go into lines, the rest is carried", () => {
    const batch = compose([capture(5, 7, 20_500n), capture(5, 7, 20_700n)]);
    expect(batch?.accounts).toMatchObject([{ number: 5, line: 41n, carryOut: 200n, captures: 2 }]);
    expect(batch?.earners).toMatchObject([{ number: 7, line: 41n, carryOut: 200n }]);
    expect(batch?.gross).toBe(41n);
  });

  test("behavior: what rounding leaves between payers and earners is a line of the platform", () => {
    const batch = compose([capture(5, 7, 10_600n), capture(6, 7, 10_600n)]);
    expect(batch?.accounts.map(({ number, line }) => [number, line])).toEqual([
      [1, 1n],
      [5, 10n],
      [6, 10n],
    ]);
    expect(batch?.earners.map(({ number, line }) => [number, line])).toEqual([[7, 21n]]);
  });

  test("behavior: platform-funded usage is paid by account 1", () => {
    const batch = compose([capture(5, 7, 50_000n, 50_000n)]);
    expect(batch?.accounts).toMatchObject([
      { accountId: PLATFORM_ACCOUNT, line: 50n },
      { number: 5, line: 0n, fundedNano: 50_000n },
    ]);
  });

  test("error: too little gross for its lines waits", () => {
    expect(compose([capture(5, 7, 5_000n)])).toBeNull();
  });

  test("behavior: what is paid equals what is earned, in any batch", () => {
    fc.assert(
      fc.property(captures, (all) => {
        const batch = compose(all);
        if (!batch) return;
        expect(sum(batch.accounts.map(({ line }) => line))).toBe(sum(batch.earners.map(({ line }) => line)));
        for (const line of [...batch.accounts, ...batch.earners]) {
          expect(line.carryIn + line.nano - line.carryOut).toBe(microToNano(line.line));
          expect(line.line).toBeGreaterThanOrEqual(0n);
        }
      }),
    );
  });

  test("behavior: over any cut into batches nobody is charged or paid more than a micro-dollar off, and nothing is lost", () => {
    fc.assert(
      fc.property(fc.array(captures, { minLength: 1, maxLength: 8 }), (batches) => {
        const carries = { accounts: new Map<string, Carried>(), earners: new Map<string, Carried>() };
        const charged = new Map<string, bigint>();
        const used = new Map<string, bigint>();
        for (const all of batches) {
          const batch = compose(all, { carries });
          if (!batch) continue;
          for (const { buyer, cost, funded } of all) {
            used.set(`buyer_${buyer}`, (used.get(`buyer_${buyer}`) ?? 0n) + cost - funded);
          }
          for (const line of batch.accounts)
            charged.set(line.accountId, (charged.get(line.accountId) ?? 0n) + microToNano(line.line));
          for (const [id, carried] of carryOf(batch.accounts)) carries.accounts.set(id, carried);
          for (const [id, carried] of carryOf(batch.earners)) carries.earners.set(id, carried);
        }
        for (const [account, nano] of used) {
          const rest = nano - (charged.get(account) ?? 0n);
          expect(rest).toBe(carries.accounts.get(account)?.carryNano ?? 0n);
          expect(rest >= 0n && rest < 1_000n).toBe(true);
        }
        const outstanding = sum([...carries.accounts.values()].map(({ carryNano }) => carryNano));
        expect(outstanding).toBe(sum([...carries.earners.values()].map(({ carryNano }) => carryNano)));
      }),
    );
  });

  test("behavior: the order of captures is of no consequence", () => {
    fc.assert(
      fc.property(captures, fc.infiniteStream(fc.nat()), (all, random) => {
        const shuffled = all
          .map((one) => ({ one, at: random.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        expect(compose(shuffled)).toEqual(compose(all));
      }),
    );
  });
});

describe("composeReferrals", () => {
  const referrals = (change: Partial<BatchInput["referrals"]> = {}): Partial<BatchInput> => ({
    referrals: { referrerOf: new Map([["buyer_5", "buyer_8"]]), carried: new Map(), ...change },
  });

  test("default: what an account's line comes to is its referrer's referred gross, platform-funded usage is not", () => {
    const batch = compose([capture(5, 7, 90_900n, 50_000n), capture(6, 7, 40_000n)], referrals());
    expect(batch?.referrers).toEqual([
      { accountId: "buyer_8", number: 8, referred: 40n, carryIn: 0n, carryOut: 0n, line: 40n },
    ]);
  });

  test("behavior: a referrer without an account in the contract carries all of it", () => {
    const strangers = { referrerOf: new Map([["buyer_5", "stranger"]]), carried: new Map([["stranger", 3n]]) };
    expect(compose([capture(5, 7, 40_000n)], referrals(strangers))?.referrers).toEqual([
      { accountId: "stranger", number: null, referred: 40n, carryIn: 3n, carryOut: 43n, line: 0n },
    ]);
  });

  test("behavior: what is carried is paid as soon as there is room for it in a batch", () => {
    const owed = referrals({ referrerOf: new Map(), carried: new Map([["buyer_8", 60n]]) });
    expect(compose([capture(5, 7, 40_000n)], owed)?.referrers).toMatchObject([{ line: 40n, carryOut: 20n }]);
  });

  test("behavior: a batch of 12 µ bears two earning lines and no third, 18 µ bear three", () => {
    const two = referrals({
      referrerOf: new Map([
        ["buyer_5", "buyer_8"],
        ["buyer_6", "buyer_9"],
      ]),
    });
    const lines = (micro: bigint) =>
      compose([capture(5, 7, (micro - 6n) * 1_000n), capture(6, 7, 6_000n)], two)?.referrers.map(({ line }) => line);
    expect(lines(11n)).toEqual([0n, 0n]);
    expect(lines(12n)).toEqual([6n, 0n]);
    expect(lines(18n)).toEqual([12n, 6n]);
  });

  test("behavior: as many get lines as a batch may have earners, operators included; the others carry theirs", () => {
    const accounts = Array.from({ length: 900 }, (_, n) => `referrer_${n}`);
    const numbers = new Map([...NUMBERS, ...accounts.map((id, n) => [id, 100 + n] as const)]);
    const carried = new Map(accounts.map((id) => [id, 10n]));
    const batch = compose([capture(5, 7, 10n ** 9n)], { numbers, referrals: { referrerOf: new Map(), carried } });
    expect(batch?.earners).toHaveLength(1);
    expect(batch?.referrers.filter(({ line }) => line > 0n)).toHaveLength(MAX_EARNERS - 1);
    expect(batch?.referrers.filter(({ carryOut }) => carryOut === 10n)).toHaveLength(900 - (MAX_EARNERS - 1));
  });

  test("behavior: over any batches each referrer is paid for all that his accounts paid, or carries the rest", () => {
    const referrerOf = new Map([2, 3, 4, 5].map((buyer) => [`buyer_${buyer}`, `buyer_${10 + (buyer % 2)}`]));
    fc.assert(
      fc.property(fc.array(captures, { maxLength: 8 }), (batches) => {
        const carried = new Map<string, bigint>();
        const owed = new Map<string, bigint>();
        for (const all of batches) {
          const batch = compose(all, { referrals: { referrerOf, carried } });
          if (!batch) continue;
          for (const { accountId, line } of batch.accounts) {
            const referrer = referrerOf.get(accountId);
            if (referrer) owed.set(referrer, (owed.get(referrer) ?? 0n) + line);
          }
          for (const { accountId, line, carryOut } of batch.referrers) {
            owed.set(accountId, (owed.get(accountId) ?? 0n) - line);
            carried.set(accountId, carryOut);
          }
          expect(sum(batch.referrers.map(({ line }) => line))).toBeLessThanOrEqual(batch.gross);
          const lines = [...batch.earners, ...batch.referrers].filter(({ line }) => line > 0n).length;
          expect(batch.gross).toBeGreaterThanOrEqual(6n * BigInt(lines));
        }
        for (const [referrer, left] of owed) expect(left).toBe(carried.get(referrer) ?? 0n);
      }),
    );
  });
});
