import fc from "fast-check";
import { concatHex, encodeFunctionData, encodePacked, erc20Abi, type Hex, keccak256, size, sliceHex } from "viem";
import { describe, expect, test } from "vitest";
import vectors from "../vectors/vectors.json" with { type: "json" };
import { OutOfRangeError } from "./errors.ts";
import { decodeMemoTransfer, encodeMemoSuffix, encodeMemoTransfer } from "./memo.ts";

const at = { chainId: 8453, escrow: "0x00000000000000000000000000000000000e5c40" } as const;
const elsewhere = "0x00000000000000000000000000000000000e5c41";
const MARKER: Hex = "0x80218021802180218021802180218021";
const accounts = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const amounts = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const bytes = fc.uint8Array({ maxLength: 64 }).map((array): Hex => `0x${Buffer.from(array).toString("hex")}`);
/** Suffixes of others: with data that may itself contain markers, and any schema. */
const foreign = fc
  .tuple(fc.array(fc.oneof(bytes, fc.constant(MARKER)), { maxLength: 3 }), fc.integer({ min: 0, max: 255 }))
  .map(([data, schema]) => concatHex([...data, `0x${schema.toString(16).padStart(2, "0")}`, MARKER]));
const foreigns = fc.array(foreign, { maxLength: 3 });
/** What the checksum of account 0 would be. */
const ZERO_CHECKSUM = sliceHex(
  keccak256(
    encodePacked(["string", "uint256", "address", "uint32"], ["infr memo v1", BigInt(at.chainId), at.escrow, 0]),
  ),
  0,
  4,
);
const transferTo = (to: Hex): Hex => encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, 5n] });

describe("encodeMemoSuffix", () => {
  test("default: 25 bytes that end with schema and marker", () => {
    const suffix = encodeMemoSuffix(at, 42);
    expect(size(suffix)).toBe(25);
    expect(suffix).toMatch(/^0x0000002a[0-9a-f]{8}f1(8021){8}$/);
  });

  test.each([0, -1, 1.5, 2 ** 32])("error: OutOfRangeError for account %d", (account) => {
    expect(() => encodeMemoSuffix(at, account)).toThrow(OutOfRangeError);
  });
});

describe("decodeMemoTransfer", () => {
  test("default: what the vectors say", () => {
    for (const calldata of vectors.memos.readAsAccount) {
      expect(decodeMemoTransfer(at, calldata as Hex)).toBe(vectors.memos.account);
    }
  });

  test("behavior: finds the account between whatever others have added", () => {
    fc.assert(
      fc.property(accounts, amounts, foreigns, foreigns, (account, amount, before, after) => {
        const calldata = encodeMemoTransfer(at, { account, amount });
        const parts = [sliceHex(calldata, 0, 68), ...before, sliceHex(calldata, 68), ...after];
        expect(decodeMemoTransfer(at, concatHex(parts))).toBe(account);
        expect(decodeMemoTransfer(at, concatHex(parts).toUpperCase().replace("0X", "0x") as Hex)).toBe(account);
      }),
    );
  });

  test("behavior: the same account twice is one account, two are none", () => {
    fc.assert(
      fc.property(accounts, accounts, (one, other) => {
        const calldata = encodeMemoTransfer(at, { account: one, amount: 1n });
        const read = decodeMemoTransfer(at, concatHex([calldata, encodeMemoSuffix(at, other)]));
        expect(read).toBe(one === other ? one : undefined);
      }),
    );
  });

  test("behavior: one wrong digit is noticed", () => {
    fc.assert(
      fc.property(accounts, fc.integer({ min: 0, max: 63 }), (account, bit) => {
        const suffix = BigInt(encodeMemoSuffix(at, account)) ^ (1n << BigInt(17 * 8 + bit));
        const wrong: Hex = `0x${suffix.toString(16).padStart(50, "0")}`;
        expect(decodeMemoTransfer(at, concatHex([transferTo(at.escrow), wrong]))).toBeUndefined();
      }),
    );
  });

  test("behavior: whatever stands behind the arguments, it answers", () => {
    fc.assert(
      fc.property(bytes, foreigns, (some, others) => {
        expect(decodeMemoTransfer(at, concatHex([transferTo(at.escrow), some, ...others]))).toBeUndefined();
        expect(decodeMemoTransfer(at, some)).toBeUndefined();
      }),
    );
  });

  test.each<[string, Hex]>([
    ["nothing", "0x"],
    ["a transfer without a memo", transferTo(at.escrow)],
    ["a transfer to somebody else", concatHex([transferTo(elsewhere), encodeMemoSuffix(at, 42)])],
    ["another function", concatHex(["0x095ea7b3", sliceHex(encodeMemoTransfer(at, { account: 42, amount: 5n }), 4)])],
    ["a memo for another chain", concatHex([transferTo(at.escrow), encodeMemoSuffix({ ...at, chainId: 84_532 }, 42)])],
    [
      "a memo for another escrow",
      concatHex([transferTo(at.escrow), encodeMemoSuffix({ ...at, escrow: elsewhere }, 42)]),
    ],
    ["a memo of account 0", concatHex([transferTo(at.escrow), "0x00000000", ZERO_CHECKSUM, "0xf1", MARKER])],
    ["a memo where the amount stands", sliceHex(concatHex([transferTo(at.escrow), encodeMemoSuffix(at, 42)]), 0, 67)],
  ])("behavior: no account in %s", (_, calldata) => {
    expect(decodeMemoTransfer(at, calldata)).toBeUndefined();
  });
});
