import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { type Abi, encodeFunctionData, type Hex } from "viem";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { rpc } from "../../../../../scripts/anvil.ts";
import { readBalance } from "../../../ledger/balance.ts";
import { newUser, startApi, type TestApi, type TestUser } from "../../../testing/api.ts";
import { closeMarket } from "../../../testing/market.ts";
import { OTHER_KEY, write } from "../../../testing/on-chain.ts";
import { runWorker } from "../../../testing/run-worker.ts";
import { sweepAddresses } from "./sweep-addresses.ts";
import { watchAddresses } from "./watch-addresses.ts";

/** The first of the chain's well-known accounts. */
const RICH: Hex = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const NANO_PER_USDC = 1_000_000_000n;
const token: Abi = testUsdcAbi;
const PATIENCE = { timeout: 15_000 };

let api: TestApi;
let worker: Awaited<ReturnType<typeof runWorker>>;
beforeAll(async () => {
  api = await startApi();
  const context = () => ({ sql: api.sql, chain: api.chain, relayer: RICH });
  worker = await runWorker(api, [
    { name: "watch", everyMs: 20, run: () => watchAddresses(context()) },
    { name: "sweep", everyMs: 20, run: () => sweepAddresses(context()) },
  ]);
});
afterAll(async () => {
  await worker.stop();
  await closeMarket(api);
});

/** From another account than the worker's: two that send from one get in each other's way. */
const usdc = (functionName: "mint" | "blacklist" | "unBlacklist", args: readonly unknown[]) =>
  write(api, api.chain.usdc, encodeFunctionData({ abi: token, functionName, args }), OTHER_KEY);
/** As an exchange would: from whoever, to the address alone. */
const pay = (address: string, amount: bigint) => usdc("mint", [address, amount]);

async function addressOf(user: TestUser): Promise<{ address: Hex; waiting: string; minimum: string }> {
  return (await api.app.inject({ url: "/api/deposits/address", headers: { cookie: user.cookie } })).json();
}
const spendable = async ({ accountId }: TestUser) => (await readBalance(api.sql, accountId)).spendable;
const sweeps = () => api.sql`select transaction_id from transactions where kind = 'sweep'`;

describe("a deposit address", () => {
  test("is known from sign-up, the contract's own, and says what is the least", async () => {
    const user = await newUser(api);
    const { address, minimum } = await addressOf(user);
    const [row] = await api.sql<[{ ref: Hex }]>`select ref from accounts where account_id = ${user.accountId}`;
    const args = [row.ref] as const;
    const own = { address: api.chain.escrow, abi: creditEscrowAbi, functionName: "depositAddressOf", args } as const;
    expect(address).toBe((await api.chain.client.readContract(own)).toLowerCase());
    expect(minimum).toBe("5");
    expect((await addressOf(user)).address).toBe(address);
  });

  test("credits what comes, opens the account, and can be used again", async () => {
    const user = await newUser(api);
    const { address } = await addressOf(user);
    await pay(address, 7_000_000n);
    await vi.waitFor(async () => expect(await spendable(user)).toBe(7n * NANO_PER_USDC), PATIENCE);
    await pay(address, 5_000_000n);
    await vi.waitFor(async () => expect(await spendable(user)).toBe(12n * NANO_PER_USDC), PATIENCE);
  });

  test("less than $5 waits, is shown, and adds up", async () => {
    const user = await newUser(api);
    const { address } = await addressOf(user);
    await pay(address, 4_999_999n);
    await vi.waitFor(async () => expect((await addressOf(user)).waiting).toBe("4.999999"), PATIENCE);
    expect(await spendable(user)).toBe(0n);
    await pay(address, 1n);
    await vi.waitFor(async () => expect(await spendable(user)).toBe(5n * NANO_PER_USDC), PATIENCE);
    await vi.waitFor(async () => expect((await addressOf(user)).waiting).toBe("0"), PATIENCE);
  });

  test("what came before anybody signed up is found", async () => {
    const user = await newUser(api);
    await worker.pause("watch");
    const { address } = await addressOf(user);
    await pay(address, 6_000_000n);
    await api.sql`delete from deposit_addresses where account_id = ${user.accountId}`;
    await rpc(api.chain.rpcUrl, "anvil_mine", ["0x10"]);
    worker.resume("watch");
    await vi.waitFor(async () => expect(await spendable(user)).toBe(6n * NANO_PER_USDC), PATIENCE);
  });

  test("many at once go in few transactions", async () => {
    const users = await Promise.all(Array.from({ length: 12 }, () => newUser(api)));
    const payAll = async () => {
      for (const user of users) await pay((await addressOf(user)).address, 5_000_000n);
    };
    const allHave = async (usd: bigint) => {
      for (const user of users)
        await vi.waitFor(async () => expect(await spendable(user)).toBe(usd * NANO_PER_USDC), PATIENCE);
    };
    await payAll();
    await allHave(5n);
    await worker.pause("sweep");
    await payAll();
    const seen = async () => {
      const rows = await api.sql`select from deposit_addresses where balance_micro = 5000000`;
      expect(rows.length).toBeGreaterThanOrEqual(12);
    };
    await vi.waitFor(seen, PATIENCE);
    const before = (await sweeps()).length;
    worker.resume("sweep");
    await allHave(10n);
    expect((await sweeps()).length - before).toBeLessThan(6);
  });
});

describe("a sweep", () => {
  test("by somebody else counts as well: nothing is credited twice, and nothing is tried for ever", async () => {
    const user = await newUser(api);
    const { address } = await addressOf(user);
    await pay(address, 5_000_000n);
    await vi.waitFor(async () => expect(await spendable(user)).toBe(5n * NANO_PER_USDC), PATIENCE);
    await worker.pause("sweep");
    await pay(address, 8_000_000n);
    const full = async () => expect((await addressOf(user)).waiting).toBe("8");
    await vi.waitFor(full, PATIENCE);
    const [row] = await api.sql<[{ ref: Hex }]>`select ref from accounts where account_id = ${user.accountId}`;
    await write(
      api,
      api.chain.escrow,
      encodeFunctionData({ abi: creditEscrowAbi, functionName: "sweep", args: [[row.ref]] }),
    );
    worker.resume("sweep");
    await vi.waitFor(async () => expect(await spendable(user)).toBe(13n * NANO_PER_USDC), PATIENCE);
    await vi.waitFor(async () => expect((await addressOf(user)).waiting).toBe("0"), PATIENCE);
    const open = () => api.sql`select from deposit_addresses where transaction_id is not null`;
    await vi.waitFor(async () => expect(await open()).toHaveLength(0), PATIENCE);
  });

  test("of a blacklisted address fails alone, and waits longer each time", async () => {
    const [bad, good] = await Promise.all([newUser(api), newUser(api)]);
    const { address } = await addressOf(bad);
    await worker.pause("sweep");
    await pay(address, 5_000_000n);
    await usdc("blacklist", [address]);
    await pay((await addressOf(good)).address, 5_000_000n);
    worker.resume("sweep");
    const failures = async () => {
      const [row] = await api.sql<[{ failures: number; waits: boolean }]>`
        select failures, retry_at > now() as waits from deposit_addresses where account_id = ${bad.accountId}`;
      return row;
    };
    await vi.waitFor(async () => expect(await failures()).toEqual({ failures: 1, waits: true }), PATIENCE);
    await vi.waitFor(async () => expect(await spendable(good)).toBe(5n * NANO_PER_USDC), PATIENCE);
    await usdc("unBlacklist", [address]);
    await api.sql`update deposit_addresses set retry_at = now()`;
    await vi.waitFor(async () => expect(await spendable(bad)).toBe(5n * NANO_PER_USDC), PATIENCE);
  });

  test("behavior: two workers at once sweep an address once", async () => {
    await worker.pause("sweep");
    const user = await newUser(api);
    await pay((await addressOf(user)).address, 5_000_000n);
    await vi.waitFor(async () => expect((await addressOf(user)).waiting).toBe("5"), PATIENCE);
    const sweeping = { sql: api.sql, chain: api.chain, relayer: RICH };
    worker.resume("sweep");
    await vi.waitFor(async () => expect(await spendable(user)).toBe(5n * NANO_PER_USDC), PATIENCE);
    await worker.pause("sweep");
    await pay((await addressOf(user)).address, 5_000_000n);
    await vi.waitFor(async () => expect((await addressOf(user)).waiting).toBe("5"), PATIENCE);
    const before = (await sweeps()).length;
    await Promise.all(Array.from({ length: 8 }, () => sweepAddresses(sweeping)));
    expect((await sweeps()).length - before).toBe(1);
    worker.resume("sweep");
    await vi.waitFor(async () => expect(await spendable(user)).toBe(10n * NANO_PER_USDC), PATIENCE);
  });
});

test("a reorganisation that takes transfer and sweep away gives the money back to nobody twice", async () => {
  const user = await newUser(api);
  const { address } = await addressOf(user);
  const snapshot = await rpc<string>(api.chain.rpcUrl, "eth_blockNumber");
  await pay(address, 9_000_000n);
  await vi.waitFor(async () => expect(await spendable(user)).toBe(9n * NANO_PER_USDC), PATIENCE);
  const head = await rpc<string>(api.chain.rpcUrl, "eth_blockNumber");
  await rpc(api.chain.rpcUrl, "anvil_reorg", [Number(BigInt(head) - BigInt(snapshot)), []]);
  await rpc(api.chain.rpcUrl, "anvil_mine", ["0x8"]);
  // The transfer is gone for good: whatever was sent again finds nothing.
  await vi.waitFor(async () => expect(await spendable(user)).toBe(0n), PATIENCE);
  await pay(address, 6_000_000n);
  await vi.waitFor(async () => expect(await spendable(user)).toBe(6n * NANO_PER_USDC), PATIENCE);
});
