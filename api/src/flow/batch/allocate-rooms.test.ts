import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Applicant, allocateRooms } from "./allocate-rooms.ts";

const applicant = (change: Partial<Applicant> = {}): Applicant => ({
  accountId: "a",
  unsettledNano: 5_000_000n,
  fundedNano: 0n,
  balance: 1_000_000n,
  debtRoom: 2_000_000n,
  limitRoom: 200_000_000n,
  ...change,
});
const budget = { capacity: 10n ** 12n, platformBalance: 10n ** 9n, maxLine: 2n ** 40n - 1n };
/** The largest line that a room lets through, in µUSDC. */
const lineOf = (lineNano: bigint) => (lineNano - 1n) / 1_000n;
const rooms = (applicants: Applicant[], change = {}) =>
  allocateRooms(applicants, { ...budget, ...change }).map(({ lineNano }) => lineOf(lineNano));

describe("allocateRooms", () => {
  test("default: what is to be settled fits, with the fraction that is carried", () => {
    expect(rooms([applicant()])).toEqual([5_001n]);
  });

  test("behavior: a day limit, a capacity or a poor platform keeps a line small", () => {
    expect(rooms([applicant({ limitRoom: 7n })])).toEqual([7n]);
    expect(rooms([applicant(), applicant()], { capacity: 6_000n })).toEqual([5_001n, 997n]);
    expect(rooms([applicant({ balance: 100n })], { platformBalance: 0n })).toEqual([100n]);
    expect(rooms([applicant({ balance: 100n })], { platformBalance: 10_300n })).toEqual([400n]);
    expect(rooms([applicant({ limitRoom: -1n })])).toEqual([0n]);
  });

  test("behavior: platform-funded usage gets what the platform and the capacity have left, and waits when they are short", () => {
    const funded = (all: Applicant[], change = {}) =>
      allocateRooms(all, { ...budget, ...change }).map(({ fundedNano }) => fundedNano);
    const one = applicant({ fundedNano: 1_000_000n });
    expect(funded([one])).toEqual([1_000_000n]);
    expect(funded([one], { platformBalance: 10_999n })).toEqual([999_000n]);
    expect(funded([one], { platformBalance: 10_000n })).toEqual([0n]);
    expect(funded([one], { capacity: 5_002n })).toEqual([0n]);
    expect(funded([one, one], { capacity: 11_504n })).toEqual([1_000_000n, 500_000n]);
  });

  test("behavior: what accounts pay themselves comes first, however much the platform pays for others", () => {
    const funded = applicant({ fundedNano: 10n ** 12n });
    expect(rooms([funded, applicant()], { capacity: 10_004n, platformBalance: 0n })).toEqual([5_001n, 5_001n]);
    expect(rooms([funded, applicant({ balance: 0n })], { platformBalance: 15_001n })).toEqual([5_001n, 5_001n]);
  });

  test("behavior: no batch is larger than a line can say", () => {
    expect(rooms([applicant(), applicant()], { maxLine: 6_000n })).toEqual([5_001n, 997n]);
  });

  test("behavior: any batch within the rooms is one that the contract takes", () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 7n });
    const applicants = fc.array(
      fc
        .record({
          unsettledNano: fc.bigInt({ min: 0n, max: 10n ** 10n }),
          fundedNano: fc.bigInt({ min: 0n, max: 10n ** 10n }),
          balance: amount,
          debtRoom: amount,
          limitRoom: amount,
        })
        .map(applicant),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(applicants, amount, amount, (all, capacity, platformBalance) => {
        const given = allocateRooms(all, { ...budget, capacity, platformBalance });
        const lines = given.map(({ lineNano }) => lineOf(lineNano));
        const funded = given.reduce((sum, { fundedNano }) => sum + fundedNano / 1_000n, 0n);
        const shortfall = lines.map((line, i) =>
          line > (all[i]?.balance ?? 0n) ? line - (all[i]?.balance ?? 0n) : 0n,
        );
        expect(lines.reduce((a, b) => a + b, funded)).toBeLessThanOrEqual(capacity);
        expect(shortfall.reduce((a, b) => a + b, funded)).toBeLessThanOrEqual(platformBalance);
        for (const [i, line] of lines.entries()) {
          expect(line).toBeLessThanOrEqual(all[i]?.limitRoom ?? 0n);
          expect(shortfall[i]).toBeLessThanOrEqual(all[i]?.debtRoom ?? 0n);
        }
      }),
    );
  });
});
