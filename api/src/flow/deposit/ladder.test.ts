import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { PRIMARY_SALT } from "@infr/protocol";
import { encodeFunctionData, type Hex, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { rpc } from "../../../../scripts/anvil.ts";
import { reconcile } from "../../jobs/reconcile.ts";
import { readBalance } from "../../ledger/balance.ts";
import { newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { closeMarket } from "../../testing/market.ts";
import { write } from "../../testing/on-chain.ts";
import { runWorker } from "../../testing/run-worker.ts";
import { depositsToReview } from "./store.ts";
import { onTrust, TRUST } from "./trust.ts";

const NANO_PER_USD = 1_000_000_000n;
const MICRO_PER_USD = 1_000_000n;
const PATIENCE = { timeout: 15_000 };
const SAFE_DEPTH = "0x28";

let api: TestApi;
let worker: Awaited<ReturnType<typeof runWorker>>;
const rich = privateKeyToAccount(RICH_KEY).address;

beforeAll(async () => {
  api = await startApi({ UNSAFE_USD_PER_ACCOUNT: "1000", UNSAFE_USD_IN_ALL: "2500", REVIEW_DEPOSIT_USD: "5000" });
  const token = (functionName: "mint" | "approve", args: readonly [Hex, bigint]) =>
    write(api, api.chain.usdc, encodeFunctionData({ abi: testUsdcAbi, functionName, args }));
  await token("mint", [rich, 10n ** 12n]);
  await token("approve", [api.chain.escrow, 10n ** 12n]);
  worker = await runWorker(api);
});
afterAll(async () => {
  await worker.stop();
  await closeMarket(api);
});

/** Blocks until what has happened is safe. */
const makeSafe = () => rpc(api.chain.rpcUrl, "anvil_mine", [SAFE_DEPTH]);
const deposit = (user: TestUser, usd: bigint) => {
  const args = [privateKeyToAccount(user.privateKey).address, PRIMARY_SALT, usd * MICRO_PER_USD, zeroHash] as const;
  return write(api, api.chain.escrow, encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositFor", args }));
};
const spendable = async ({ accountId }: TestUser) => (await readBalance(api.sql, accountId)).spendable / NANO_PER_USD;
const reaches = (user: TestUser, usd: bigint) =>
  vi.waitFor(async () => expect(await spendable(user)).toBe(usd), PATIENCE);

type Shown = { deposits: Array<{ status: string; pending: string; finality: string }> };
async function depositsOf(user: TestUser): Promise<Shown["deposits"]> {
  const answer = await api.app.inject({ url: "/api/deposits", headers: { cookie: user.cookie } });
  return answer.json<Shown>().deposits;
}
/** Ledger, indexer's rows and contract say the same. */
async function booksAgree(): Promise<void> {
  await vi.waitFor(async () => {
    const { differences } = await reconcile({ sql: api.sql, chain: api.chain });
    expect(differences).toEqual([]);
  }, PATIENCE);
}

describe("onTrust", () => {
  const given = (accountMicro: bigint, totalMicro = accountMicro) => ({
    trust: TRUST,
    given: { accountMicro, totalMicro },
  });
  test.each([
    [5n, 0n, 5n],
    [1_000n, 0n, 1_000n],
    [1_001n, 0n, 1_000n],
    [500n, 700n, 300n],
    [500n, 1_000n, 0n],
    [500n, 9_999n, 0n],
  ])("of $%s after $%s: $%s", (credit, before, usable) => {
    const micro = (usd: bigint) => (usd * MICRO_PER_USD) as never;
    expect(onTrust(micro(credit), given(micro(before)))).toBe(usable * MICRO_PER_USD);
  });
});

describe("a deposit whose block may still go", () => {
  beforeEach(makeSafe);
  afterEach(makeSafe);

  test("is spendable up to the account's limit, all of it once it is safe, and the books agree all the time", async () => {
    const user = await newUser(api);
    await deposit(user, 1_500n);
    await reaches(user, 1_000n);
    expect(await depositsOf(user)).toMatchObject([{ status: "pending", pending: "500", finality: "seen" }]);
    await booksAgree();
    await makeSafe();
    await reaches(user, 1_500n);
    expect(await depositsOf(user)).toMatchObject([{ status: "credited", pending: "0" }]);
    await booksAgree();
  });

  test("counts with the account's others", async () => {
    const user = await newUser(api);
    await deposit(user, 600n);
    await deposit(user, 600n);
    await deposit(user, 600n);
    await vi.waitFor(async () => expect(await depositsOf(user)).toHaveLength(3), PATIENCE);
    expect(await spendable(user)).toBe(1_000n);
    await makeSafe();
    await reaches(user, 1_800n);
    await deposit(user, 600n);
    await reaches(user, 2_400n);
  });

  test("counts with everybody's", async () => {
    const users = [await newUser(api), await newUser(api), await newUser(api), await newUser(api)];
    for (const user of users) await deposit(user, 900n);
    const shown = async () => {
      for (const user of users) expect(await depositsOf(user)).toHaveLength(1);
    };
    await vi.waitFor(shown, PATIENCE);
    const sum = async () => (await Promise.all(users.map(spendable))).reduce((a, b) => a + b, 0n);
    expect(await sum()).toBe(2_500n);
    await makeSafe();
    await vi.waitFor(async () => expect(await sum()).toBe(3_600n), PATIENCE);
  });

  test("is taken back with what was pending of it when the block goes", async () => {
    const user = await newUser(api);
    const before = await rpc<string>(api.chain.rpcUrl, "eth_blockNumber");
    await deposit(user, 4_000n);
    await reaches(user, 1_000n);
    const head = await rpc<string>(api.chain.rpcUrl, "eth_blockNumber");
    await rpc(api.chain.rpcUrl, "anvil_reorg", [Number(BigInt(head) - BigInt(before)), []]);
    await rpc(api.chain.rpcUrl, "anvil_mine", ["0x5"]);
    await reaches(user, 0n);
    expect(await depositsOf(user)).toMatchObject([{ status: "reversed", pending: "0" }]);
    await makeSafe();
    await booksAgree();
    await deposit(user, 4_000n);
    await reaches(user, 1_000n);
    await makeSafe();
    await reaches(user, 4_000n);
    await booksAgree();
  });

  test("a large one is marked for somebody to look at", async () => {
    const user = await newUser(api);
    await deposit(user, 5_000n);
    await deposit(user, 5_001n);
    await makeSafe();
    await reaches(user, 10_001n);
    const marked = await depositsToReview(api.sql, 10);
    expect(marked.map(({ account_id: id, amount_micro: amount }) => [id, amount])).toEqual([
      [user.accountId, 5_001n * MICRO_PER_USD],
    ]);
  });
});
