import { microUsdc } from "@infr/money";
import fc from "fast-check";
import { type Hex, keccak256, numberToHex } from "viem";
import { describe, expect, test } from "vitest";
import vectors from "../vectors/vectors.json" with { type: "json" };
import { NotAscendingError, OutOfRangeError } from "./errors.ts";
import {
  buildLiabilitiesTree,
  dayNumber,
  type LiabilitiesTree,
  type Liability,
  liabilitiesRootOf,
  liabilityLeaf,
  type SumNode,
  type SumProof,
  siblingPlaces,
  verifyLiability,
} from "./liabilities.ts";

const as = {
  day: "2026-11-20",
  chainId: 8453,
  escrow: "0x00000000000000000000000000000000000e5c40",
  block: 7n,
} as const;
const owed = (value: { credit: string; earnings: string; vouchers: string }) => ({
  credit: microUsdc(BigInt(value.credit)),
  earnings: microUsdc(BigInt(value.earnings)),
  vouchers: microUsdc(BigInt(value.vouchers)),
});
const amount = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(microUsdc);
const liabilities = fc
  .array(fc.record({ credit: amount, earnings: amount, vouchers: amount }), { minLength: 1, maxLength: 33 })
  .map((list) => list.map((each, index) => ({ ...each, commitment: keccak256(numberToHex(index, { size: 32 })) })));

function proofIn({ levels, places }: LiabilitiesTree, { commitment }: Liability): SumProof {
  const place = { index: places.get(commitment) ?? -1, count: places.size };
  return { ...place, siblings: siblingPlaces(place).map(({ level, index }) => levels[level]?.[index] as SumNode) };
}

describe("buildLiabilitiesTree", () => {
  test("default: every leaf is counted in, and the total is the sum of all", () => {
    fc.assert(
      fc.property(liabilities, (list) => {
        const tree = buildLiabilitiesTree({ as, liabilities: list });
        const { root, total } = tree;
        expect(total.credit).toBe(list.reduce((sum, { credit }) => sum + credit, 0n));
        for (const liability of list) {
          const proof = proofIn(tree, liability);
          expect(verifyLiability({ root, as, total, liability, proof })).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("default: what the vectors say", () => {
    const { root, total, claims } = vectors.liabilities;
    const as = {
      ...vectors.liabilities.as,
      escrow: vectors.liabilities.as.escrow as Hex,
      block: BigInt(vectors.liabilities.as.block),
    };
    for (const { liability, leaf, proof } of claims) {
      const commitment = liability.commitment as Hex;
      expect(liabilityLeaf({ commitment, ...owed(liability) }).hash).toBe(leaf);
      const siblings = proof.siblings.map((node) => ({ ...owed(node), hash: node.hash as Hex }));
      const claim = { root: root as Hex, as, total: owed(total), liability: { commitment, ...owed(liability) } };
      expect(verifyLiability({ ...claim, proof: { ...proof, siblings } })).toBe(true);
    }
  });

  test("behavior: without accounts nothing is owed, and the root still names the day", () => {
    const empty = buildLiabilitiesTree({ as, liabilities: [] });
    expect(empty.total).toEqual({ credit: 0n, earnings: 0n, vouchers: 0n });
    expect(empty.root).not.toBe(buildLiabilitiesTree({ as: { ...as, day: "2026-11-21" }, liabilities: [] }).root);
  });

  const one: Liability = { commitment: keccak256("0x01"), ...owed({ credit: "5", earnings: "0", vouchers: "0" }) };

  test("error: NotAscendingError for an account that comes twice", () => {
    expect(() => buildLiabilitiesTree({ as, liabilities: [one, { ...one, credit: microUsdc(6n) }] })).toThrow(
      NotAscendingError,
    );
  });

  test.each([-1n, 2n ** 64n])("error: OutOfRangeError for %d µUSDC", (credit) => {
    expect(() => buildLiabilitiesTree({ as, liabilities: [{ ...one, credit: microUsdc(credit) }] })).toThrow(
      OutOfRangeError,
    );
  });
});

describe("verifyLiability", () => {
  test("behavior: one flipped bit anywhere is refused", () => {
    const flips = fc.record({ list: liabilities, at: fc.nat(), field: fc.nat(), bit: fc.nat({ max: 127 }) });
    fc.assert(
      fc.property(flips, ({ list, at, field, bit }) => {
        const tree = buildLiabilitiesTree({ as, liabilities: list });
        const { root, total } = tree;
        const liability = list[at % list.length] as Liability;
        const proof = proofIn(tree, liability);
        const claim = { root, as, total, liability, proof };
        const changed = structuredClone(claim);
        const places: object[] = [
          changed,
          changed.as,
          changed.total,
          changed.liability,
          changed.proof,
          ...changed.proof.siblings,
        ];
        const targets = places.flatMap((place) =>
          Object.entries(place)
            .filter(([name, value]) => typeof value !== "object" && name !== "day")
            .map(([name]) => ({ place: place as Record<string, unknown>, name })),
        );
        const { place, name } = targets[field % targets.length] as (typeof targets)[number];
        place[name] = flip(place[name], bit);
        expect(verifyLiability(changed)).toBe(false);
      }),
    );
  });

  test("behavior: a sibling below zero, which would shrink the total, is refused", () => {
    const liability: Liability = {
      commitment: keccak256("0x01"),
      ...owed({ credit: "5", earnings: "0", vouchers: "0" }),
    };
    const leaf = liabilityLeaf(liability);
    const sibling: SumNode = { hash: keccak256("0x02"), ...owed({ credit: "-4", earnings: "0", vouchers: "0" }) };
    const total = owed({ credit: "1", earnings: "0", vouchers: "0" });
    const root = liabilitiesRootOf({ as, count: 2, top: { ...leaf, ...total } });
    const proof = { index: 0, count: 2, siblings: [sibling] };
    expect(verifyLiability({ root, as, total, liability, proof })).toBe(false);
  });
});

describe("dayNumber", () => {
  test("default: days since 1970", () => {
    expect(dayNumber("1970-01-02")).toBe(1);
    expect(dayNumber("2026-11-20")).toBe(20_777);
  });

  test.each(["2026-02-30", "2026-13-01", "2026-1-1", "", "1969-12-31"])("error: OutOfRangeError for %j", (text) => {
    expect(() => dayNumber(text)).toThrow(OutOfRangeError);
  });
});

/** The same value with one bit the other way round. */
function flip(value: unknown, bit: number): unknown {
  if (typeof value === "bigint") return value ^ (1n << BigInt(bit % 64));
  if (typeof value === "number") return value ^ (1 << (bit % 31));
  const text = String(value);
  const place = 2 + (bit % (text.length - 2));
  const digit = (Number.parseInt(text.charAt(place), 16) ^ (1 << (bit % 4))).toString(16);
  return text.slice(0, place) + digit + text.slice(place + 1);
}
