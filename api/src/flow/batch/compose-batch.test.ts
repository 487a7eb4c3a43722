import { microToNano, nanoUsd } from "@infr/money";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import { type Capture, type Carried, type ComposedLine, composeBatch } from "./compose-batch.ts";

const none = { accounts: new Map<string, Carried>(), earners: new Map<string, Carried>() };
const capture = (buyer: number, operator: number, cost: bigint, funded = 0n): Capture => ({
  accountId: `buyer_${buyer}`,
  accountNumber: buyer,
  operatorId: `operator_${operator}`,
  operatorNumber: operator,
  cost: nanoUsd(cost),
  funded: nanoUsd(funded),
});
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
    const batch = composeBatch({ captures: [capture(5, 7, 20_500n), capture(5, 7, 20_700n)], carries: none });
    expect(batch?.accounts).toMatchObject([{ number: 5, line: 41n, carryOut: 200n, captures: 2 }]);
    expect(batch?.earners).toMatchObject([{ number: 7, line: 41n, carryOut: 200n }]);
    expect(batch?.gross).toBe(41n);
  });

  test("behavior: what rounding leaves between payers and earners is a line of the platform", () => {
    const batch = composeBatch({ captures: [capture(5, 7, 10_600n), capture(6, 7, 10_600n)], carries: none });
    expect(batch?.accounts.map(({ number, line }) => [number, line])).toEqual([
      [1, 1n],
      [5, 10n],
      [6, 10n],
    ]);
    expect(batch?.earners.map(({ number, line }) => [number, line])).toEqual([[7, 21n]]);
  });

  test("behavior: platform-funded usage is paid by account 1", () => {
    const batch = composeBatch({ captures: [capture(5, 7, 50_000n, 50_000n)], carries: none });
    expect(batch?.accounts).toMatchObject([
      { accountId: PLATFORM_ACCOUNT, line: 50n },
      { number: 5, line: 0n, fundedNano: 50_000n },
    ]);
  });

  test("error: too little gross for its lines waits", () => {
    expect(composeBatch({ captures: [capture(5, 7, 5_000n)], carries: none })).toBeNull();
  });

  test("behavior: what is paid equals what is earned, in any batch", () => {
    fc.assert(
      fc.property(captures, (all) => {
        const batch = composeBatch({ captures: all, carries: none });
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
          const batch = composeBatch({ captures: all, carries });
          if (!batch) continue;
          for (const one of all) used.set(one.accountId, (used.get(one.accountId) ?? 0n) + one.cost - one.funded);
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
});
