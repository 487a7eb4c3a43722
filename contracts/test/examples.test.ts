import {
  clearanceTypedData,
  deriveVoucherKey,
  generateVoucherCode,
  operationHash,
  operationTypedData,
} from "@infr/protocol";
import getPort from "get-port";
import {
  ContractFunctionExecutionError,
  createPublicClient,
  createWalletClient,
  type Hex,
  http,
  keccak256,
  stringToHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { creditEscrowAbi, testUsdcAbi } from "../abi/index.ts";
import { depositWithoutGas } from "../examples/deposit-without-gas.ts";
import { redeemVoucher } from "../examples/redeem-voucher.ts";
import { startAnvil } from "../testing/anvil.ts";
import { deployEscrow } from "../testing/index.ts";

/** The keys that anvil gives ETH to. It is the relayer who has some; the payer has none. */
const RELAYER_KEY: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const relayerAccount = privateKeyToAccount(RELAYER_KEY);
const payer = privateKeyToAccount(keccak256(stringToHex("payer")));
const friend = privateKeyToAccount(keccak256(stringToHex("friend"))).address;
const memo = keccak256(stringToHex("memo"));

let anvil: Awaited<ReturnType<typeof startAnvil>>;
let at: { escrow: Hex; usdc: Hex; chainId: number };
// Nobody replaces a transaction here, and looking for one that did can miss the only block there will be.
const onDemand = { ...foundry, supportsTransactionReplacementDetection: false };
const clients = () => {
  const transport = http(anvil.rpcUrl);
  return {
    reader: createPublicClient({ chain: onDemand, transport, pollingInterval: 20, cacheTime: 0 }),
    relayer: createWalletClient({ account: relayerAccount, transport }),
  };
};
beforeAll(async () => {
  anvil = await startAnvil(await getPort());
  at = await deployEscrow({ rpcUrl: anvil.rpcUrl, deployerKey: RELAYER_KEY });
  const { reader, relayer } = clients();
  const mint = { address: at.usdc, abi: testUsdcAbi, functionName: "mint", chain: null } as const;
  const hash = await relayer.writeContract({ ...mint, args: [payer.address, 100_000_000n] });
  await reader.waitForTransactionReceipt({ hash });
});
afterAll(() => anvil.stop());

const balanceOf = async (account: number): Promise<bigint> => {
  const read = { address: at.escrow, abi: creditEscrowAbi, functionName: "accountOf" } as const;
  return (await clients().reader.readContract({ ...read, args: [account] })).balance;
};

const depositFor = (owner: Hex, salt: string) =>
  depositWithoutGas({ ...at, ...clients(), payer, owner, memo, nonceSalt: keccak256(stringToHex(salt)) });

describe("depositWithoutGas", () => {
  test("default: credits the owner's account with what a payer without ETH has signed", async () => {
    expect(await clients().reader.getBalance({ address: payer.address })).toBe(0n);
    const { account, amount, ...rest } = await depositFor(friend, "first");
    expect(rest).toMatchObject({ payer: payer.address, memo, debtRepaid: 0 });
    expect(amount).toBe(10_000_000n);
    expect(await balanceOf(account)).toBe(10_000_000n);
  });

  test("error: the same authorization again is refused before it is sent", async () => {
    await depositFor(friend, "again");
    const before = await clients().reader.getTransactionCount({ address: relayerAccount.address });
    await expect(depositFor(friend, "again")).rejects.toBeInstanceOf(ContractFunctionExecutionError);
    expect(await clients().reader.getTransactionCount({ address: relayerAccount.address })).toBe(before);
  });
});

describe("redeemVoucher", () => {
  /** A voucher of the payer's for a new code: his signature, and the clearer's, who is the deployer here. */
  async function createVoucher(code: ReturnType<typeof generateVoucherCode>): Promise<void> {
    const { reader, relayer } = clients();
    const { account: from } = await depositFor(payer.address, code);
    const escrow = { address: at.escrow, abi: creditEscrowAbi } as const;
    const { nonce } = await reader.readContract({ ...escrow, functionName: "accountOf", args: [from] });
    const { timestamp } = await reader.getBlock();
    const deadline = Number(timestamp) + 60;
    const order = { from, key: deriveVoucherKey({ code }).address, amount: 7_000_000n, to: 0 };
    const terms = { ...order, expiry: Number(timestamp) + 86_400, deadline };
    const message = { ...terms, nonce };
    const operation = operationHash("CreateVoucher", message);
    const signature = await payer.signTypedData(operationTypedData(at, "CreateVoucher", message));
    const clearance = await relayerAccount.signTypedData(clearanceTypedData(at, { operation, deadline }));
    const args = [terms, signature, clearance] as const;
    const hash = await relayer.writeContract({ ...escrow, functionName: "createVoucher", args, chain: null });
    await reader.waitForTransactionReceipt({ hash });
  }

  test("default: a code, typed in lower case with dashes, becomes credit once", async () => {
    const code = generateVoucherCode();
    await createVoucher(code);
    const { account: to } = await depositFor(friend, `before ${code}`);
    const before = await balanceOf(to);
    const typed = `${code.slice(0, 13)}-${code.slice(13)}`.toLowerCase();
    await redeemVoucher({ ...at, ...clients(), typed, to });
    expect(await balanceOf(to)).toBe(before + 7_000_000n);
    await expect(redeemVoucher({ ...at, ...clients(), typed, to })).rejects.toMatchObject({
      cause: { data: { errorName: "NoVoucher" } },
    });
    expect(await balanceOf(to)).toBe(before + 7_000_000n);
  });
});
