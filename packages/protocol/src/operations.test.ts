import { type Hex, hashTypedData, recoverTypedDataAddress } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { describe, expect, test } from "vitest";
import { clearanceTypedData, operationHash, operationTypedData } from "./operations.ts";

const at = { chainId: 31_337, escrow: "0x00000000000000000000000000000000000e5c40" } as const;
const memo: Hex = `0x${"11".repeat(32)}`;
const move = { from: 2, to: 3, amount: 5n, memo, nonce: 0n, deadline: 1_795_000_000 };

describe("operationTypedData", () => {
  test("default: can be signed", async () => {
    const owner = privateKeyToAccount(generatePrivateKey());
    const typedData = operationTypedData(at, "Transfer", move);
    const signature = await owner.signTypedData(typedData);
    expect(await recoverTypedDataAddress({ ...typedData, signature })).toBe(owner.address);
  });

  test("behavior: another nonce makes another digest", () => {
    const digest = hashTypedData(operationTypedData(at, "Transfer", move));
    expect(hashTypedData(operationTypedData(at, "Transfer", { ...move, nonce: 1n }))).not.toBe(digest);
  });
});

describe("clearanceTypedData", () => {
  test("default: names the operation's hash, not its digest", () => {
    const operation = operationHash("Transfer", move);
    const { message } = clearanceTypedData(at, { operation, deadline: move.deadline });
    expect(message.operation).toBe(operation);
    expect(operation).not.toBe(hashTypedData(operationTypedData(at, "Transfer", move)));
  });
});
