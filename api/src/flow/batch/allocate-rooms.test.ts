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
const lineOf = (roomNano: bigint) => (roomNano - 1n) / 1_000n;
const rooms = (applicants: Applicant[], change = {}) =>
  allocateRooms(applicants, { ...budget, ...change }).map(({ roomNano }) => lineOf(roomNano));

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

  test("behavior: platform-funded usage counts against the platform and the capacity, and waits when they are short", () => {
    const funded = applicant({ fundedNano: 1_000_000n });
    expect(allocateRooms([funded], { ...budget, platformBalance: 10_999n })[0]?.roomNano).toBe(0n);
    expect(allocateRooms([funded], { ...budget, capacity: 999n })[0]?.roomNano).toBe(0n);
    expect(rooms([funded, applicant()], { capacity: 7_002n })).toEqual([5_001n, 999n]);
  });

  test("behavior: any batch within the rooms is one that the contract takes", () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 7n });
    const applicants = fc.array(
      fc
        .record({
          unsettledNano: fc.bigInt({ min: 0n, max: 10n ** 10n }),
          balance: amount,
          debtRoom: amount,
          limitRoom: amount,
        })
        .map(applicant),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(applicants, amount, amount, (all, capacity, platformBalance) => {
        const lines = rooms(all, { capacity, platformBalance });
        const shortfall = lines.map((line, i) =>
          line > (all[i]?.balance ?? 0n) ? line - (all[i]?.balance ?? 0n) : 0n,
        );
        expect(lines.reduce((a, b) => a + b, 0n)).toBeLessThanOrEqual(capacity);
        expect(shortfall.reduce((a, b) => a + b, 0n)).toBeLessThanOrEqual(platformBalance);
        for (const [i, line] of lines.entries()) {
          expect(line).toBeLessThanOrEqual(all[i]?.limitRoom ?? 0n);
          expect(shortfall[i]).toBeLessThanOrEqual(all[i]?.debtRoom ?? 0n);
        }
      }),
    );
  });
});
