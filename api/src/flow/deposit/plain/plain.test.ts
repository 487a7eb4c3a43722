import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { encodeMemoTransfer } from "@infr/protocol";
import { type Abi, createWalletClient, encodeFunctionData, type Hex, http, zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { rpc } from "../../../../../scripts/anvil.ts";
import { readBalance } from "../../../ledger/balance.ts";
import { newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../../../testing/api.ts";
import { closeMarket } from "../../../testing/market.ts";
import { OTHER_KEY, write } from "../../../testing/on-chain.ts";
import { runWorker } from "../../../testing/run-worker.ts";
import { attributeTransfers } from "./attribute.ts";
import { scanPlainTransfers } from "./scan-plain.ts";
import { suspense } from "./store.ts";

const NANO_PER_USDC = 1_000_000_000n;
const token: Abi = testUsdcAbi;
const PATIENCE = { timeout: 25_000 };
const SAFE_DEPTH = 40;
const rich = privateKeyToAccount(RICH_KEY);
/** Who sends what is not the worker's: two that send from one account get in each other's way. */
const other = privateKeyToAccount(OTHER_KEY);
const call = (to: Hex, data: Hex) => write(api, to, data, OTHER_KEY);

let api: TestApi;
let worker: Awaited<ReturnType<typeof runWorker>>;
beforeAll(async () => {
  api = await startApi();
  const context = { sql: api.sql, chain: api.chain, relayer: rich.address, attributor: rich.address };
  worker = await runWorker(api, [
    { name: "scan", everyMs: 20, run: () => scanPlainTransfers(context) },
    { name: "attribute", everyMs: 20, run: () => attributeTransfers(context) },
  ]);
});
afterAll(async () => {
  await worker.stop();
  await closeMarket(api);
});

const encodeToken = (functionName: string, args: readonly unknown[]) =>
  encodeFunctionData({ abi: token, functionName, args });

/** A wallet with USDC and ETH that nobody has signed in with. */
async function newWallet(amount = 100_000_000n): Promise<Hex> {
  const key = generatePrivateKey();
  const { address } = privateKeyToAccount(key);
  await call(api.chain.usdc, encodeToken("mint", [address, amount]));
  await rpc(api.chain.rpcUrl, "anvil_setBalance", [address, "0xde0b6b3a7640000"]);
  return key;
}

async function sendAs(key: Hex, to: Hex, data: Hex): Promise<void> {
  const wallet = createWalletClient({ account: privateKeyToAccount(key), transport: http(api.chain.rpcUrl) });
  const hash = await wallet.sendTransaction({ to, data, chain: null });
  const { status } = await api.chain.client.waitForTransactionReceipt({ hash });
  expect(status).toBe("success");
}
/** Blocks until what has happened is safe. */
const settle = () => rpc(api.chain.rpcUrl, "anvil_mine", [`0x${SAFE_DEPTH.toString(16)}`]);
const spendable = async (accountId: string) => (await readBalance(api.sql, accountId)).spendable;
const inSuspense = async (key: Hex) =>
  (await suspense(api.sql, { limit: 100 })).filter(
    ({ sender }) => sender === privateKeyToAccount(key).address.toLowerCase(),
  );
const found = (key: Hex) => api.sql<Array<{ memo_account: bigint | null }>>`
  select memo_account from plain_transfers where sender = ${privateKeyToAccount(key).address.toLowerCase()}`;

/** Somebody with an account in the contract, which is known for good. */
async function newOwner(): Promise<{ user: TestUser; number: number }> {
  const user = await newUser(api);
  const owner = privateKeyToAccount(user.privateKey).address;
  const open = encodeFunctionData({ abi: creditEscrowAbi, functionName: "open", args: [owner, zeroHash] });
  await call(api.chain.escrow, open);
  await settle();
  const number = await api.chain.client.readContract({
    address: api.chain.escrow,
    abi: creditEscrowAbi,
    functionName: "idOf",
    args: [owner],
  });
  return { user, number };
}
const at = () => ({ chainId: api.chainId, escrow: api.chain.escrow });

describe("a plain transfer", () => {
  test("with a memo is credited to the account it names, once its block is safe, and once", async () => {
    const { user, number } = await newOwner();
    const wallet = await newWallet();
    await sendAs(wallet, api.chain.usdc, encodeMemoTransfer(at(), { account: number, amount: 3_000_000n }));
    expect(await found(wallet)).toHaveLength(0);
    await settle();
    await vi.waitFor(async () => expect(await spendable(user.accountId)).toBe(3n * NANO_PER_USDC), PATIENCE);
    await api.sql`delete from log_scans where name = 'plain transfers'`;
    await settle();
    await vi.waitFor(async () => expect(await api.sql`select from log_scans`).not.toHaveLength(0), PATIENCE);
    const attributed =
      await api.sql`select from transactions where kind = 'attribute' and account_id = ${user.accountId}`;
    expect(attributed).toHaveLength(1);
    expect(await spendable(user.accountId)).toBe(3n * NANO_PER_USDC);
  });

  test("without one is the sender's, if he has an account", async () => {
    const { user } = await newOwner();
    const { address } = privateKeyToAccount(user.privateKey);
    await call(api.chain.usdc, encodeToken("mint", [address, 10_000_000n]));
    await rpc(api.chain.rpcUrl, "anvil_setBalance", [address, "0xde0b6b3a7640000"]);
    await sendAs(user.privateKey, api.chain.usdc, encodeToken("transfer", [api.chain.escrow, 2_500_000n]));
    await settle();
    await vi.waitFor(async () => expect(await spendable(user.accountId)).toBe(2_500_000_000n), PATIENCE);
    const { transfers } = (
      await api.app.inject({ url: "/api/deposits/transfers", headers: { cookie: user.cookie } })
    ).json<{ transfers: object[] }>();
    expect(transfers).toMatchObject([{ amount: "2.5", status: "credited" }]);
  });

  test("of a stranger waits in suspense, until he signs in with the sending wallet", async () => {
    const wallet = await newWallet();
    await sendAs(wallet, api.chain.usdc, encodeToken("transfer", [api.chain.escrow, 4_000_000n]));
    await settle();
    await vi.waitFor(async () => expect(await inSuspense(wallet)).toMatchObject([{ status: "waits" }]), PATIENCE);
    const user = await newUser(api, wallet);
    await api.sql`update plain_transfers set retry_at = now()`;
    await vi.waitFor(async () => {
      await settle();
      await api.sql`update plain_transfers set retry_at = now() where transaction_id is null`;
      expect(await spendable(user.accountId)).toBe(4n * NANO_PER_USDC);
    }, PATIENCE);
    expect(await inSuspense(wallet)).toHaveLength(0);
  });
});

describe("a memo does not count", () => {
  test("where somebody else's money is moved (transferFrom), nor for a number that nobody has", async () => {
    const { user, number } = await newOwner();
    const wallet = await newWallet();
    const { address } = privateKeyToAccount(wallet);
    await sendAs(wallet, api.chain.usdc, encodeToken("approve", [other.address, 5_000_000n]));
    const memo = encodeMemoTransfer(at(), { account: number, amount: 5_000_000n }).slice(-50);
    const pull = encodeToken("transferFrom", [address, api.chain.escrow, 5_000_000n]) + memo;
    await call(api.chain.usdc, pull as Hex);
    await sendAs(wallet, api.chain.usdc, encodeMemoTransfer(at(), { account: 4_000_000_000, amount: 1_000_000n }));
    await settle();
    await vi.waitFor(async () => expect(await inSuspense(wallet)).toHaveLength(2), PATIENCE);
    expect((await found(wallet)).map(({ memo_account: account }) => account)).toEqual(
      expect.arrayContaining([null, 4_000_000_000n]),
    );
    expect(await spendable(user.accountId)).toBe(0n);
  });
});

test("what a rail has booked is no plain transfer", async () => {
  const { user, number } = await newOwner();
  const wallet = await newWallet();
  await sendAs(wallet, api.chain.usdc, encodeToken("approve", [api.chain.escrow, 6_000_000n]));
  const args = [number, 6_000_000n, zeroHash] as const;
  await sendAs(wallet, api.chain.escrow, encodeFunctionData({ abi: creditEscrowAbi, functionName: "deposit", args }));
  const marker = await newWallet();
  await sendAs(marker, api.chain.usdc, encodeToken("transfer", [api.chain.escrow, 1n]));
  await settle();
  await vi.waitFor(async () => expect(await found(marker)).toHaveLength(1), PATIENCE);
  expect(await found(wallet)).toHaveLength(0);
  await vi.waitFor(async () => expect(await spendable(user.accountId)).toBe(6n * NANO_PER_USDC), PATIENCE);
});

test("behavior: eight workers at once attribute a transfer once", async () => {
  await worker.pause("attribute");
  const { user, number } = await newOwner();
  const wallet = await newWallet();
  await sendAs(wallet, api.chain.usdc, encodeMemoTransfer(at(), { account: number, amount: 2_000_000n }));
  await settle();
  await vi.waitFor(async () => expect(await found(wallet)).toHaveLength(1), PATIENCE);
  const context = { sql: api.sql, chain: api.chain, relayer: rich.address, attributor: rich.address };
  // Again and again, as workers do: what was put off, or failed on its way, is for a later round.
  await vi.waitFor(async () => {
    await Promise.all(Array.from({ length: 8 }, () => attributeTransfers(context)));
    expect(await spendable(user.accountId)).toBe(2n * NANO_PER_USDC);
  }, PATIENCE);
  worker.resume("attribute");
});
