import { type Hex, recoverTypedDataAddress } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { describe, expect, test } from "vitest";
import { OutOfRangeError } from "./errors.ts";
import { type Batch, settlementDigest, settlementTypedData, storedDigest } from "./settlement.ts";

const zero: Hex = `0x${"00".repeat(32)}`;
const at = { chainId: 31_337, escrow: "0x00000000000000000000000000000000000e5c40" } as const;
const batch: Batch = {
  seq: 1n,
  prev: zero,
  receiptsRoot: zero,
  periodEnd: 1_795_000_000,
  deadline: 1_795_000_600,
  debits: "0x",
  credits: "0x",
  referrals: "0x",
};

describe("settlementTypedData", () => {
  test("default: can be signed", async () => {
    const settler = privateKeyToAccount(generatePrivateKey());
    const signature = await settler.signTypedData(settlementTypedData(at, batch));
    expect(await recoverTypedDataAddress({ ...settlementTypedData(at, batch), signature })).toBe(settler.address);
  });

  test("error: OutOfRangeError", () => {
    expect(() => settlementTypedData(at, { ...batch, seq: 0n })).toThrow(OutOfRangeError);
  });
});

describe("settlementDigest", () => {
  test("behavior: every field and the domain count", () => {
    const digests = [
      settlementDigest(at, batch),
      settlementDigest({ ...at, chainId: 1 }, batch),
      settlementDigest({ ...at, escrow: "0x00000000000000000000000000000000000e5c41" }, batch),
      settlementDigest(at, { ...batch, seq: 2n }),
      settlementDigest(at, { ...batch, deadline: 1 }),
      settlementDigest(at, { ...batch, periodEnd: 1 }),
      settlementDigest(at, { ...batch, debits: "0x00" }),
      settlementDigest(at, { ...batch, credits: "0x00" }),
      settlementDigest(at, { ...batch, referrals: "0x00" }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe("storedDigest", () => {
  test("default: clears the low 40 bits", () => {
    expect(storedDigest(`0x${"ff".repeat(32)}`)).toBe(`0x${"ff".repeat(27)}${"00".repeat(5)}`);
  });
});
