import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { deriveVoucherKey, generateVoucherCode } from "@infr/protocol";
import { createTestClient, createWalletClient, encodeFunctionData, http, maxUint256, parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sendTransactions } from "../chain/outbox.ts";
import { readBalance } from "../ledger/balance.ts";
import { credit, newUser, RICH_KEY, type TestApi } from "../testing/api.ts";
import { closeMarket, newBuyer, startMarket } from "../testing/market.ts";
import { fundPlatform, openOnChain, write } from "../testing/on-chain.ts";
import { accountOnChain, createVoucher, openEmpty, redeemAtOnce } from "../testing/vouchers.ts";

/** Of the mistakes in `mistakes.test.ts`, those that need a contract. */
let api: TestApi;

beforeAll(async () => {
  api = await startMarket();
  await fundPlatform(api);
});
afterAll(() => closeMarket(api));

test("mistake 8: one gift code, one redemption, however many redeem it in the same block and after it", async () => {
  const issuer = await newBuyer(api);
  await openOnChain(api, issuer, 10_000_000n);
  const code = generateVoucherCode();
  const { from } = await createVoucher(api, { owner: issuer, code, amount: 7_000_000n });
  const friends: number[] = [];
  for (let n = 0; n < 8; n++) friends.push(await openEmpty(api));
  const everybodyThrice = [...friends, ...friends, ...friends];
  const outcomes = await redeemAtOnce(api, code, everybodyThrice);
  expect(outcomes.filter((outcome) => outcome === "success")).toHaveLength(1);
  expect(await redeemAtOnce(api, code, friends)).toEqual(friends.map(() => "reverted"));
  const balances = await Promise.all(friends.map(async (number) => (await accountOnChain(api, number)).balance));
  expect(balances.reduce((sum, balance) => sum + balance, 0n)).toBe(7_000_000n);
  expect(balances.filter((balance) => balance > 0n)).toHaveLength(1);
  expect((await accountOnChain(api, from)).balance).toBe(3_000_000n);
  const left = await api.chain.client.readContract({
    address: api.chain.escrow,
    abi: creditEscrowAbi,
    functionName: "voucherOf",
    args: [deriveVoucherKey({ code }).address],
  });
  expect(left.amount).toBe(0n);
});

test("mistake 13: nobody is recharged who has not asked for it, though his wallet would let us", async () => {
  const user = await newUser(api);
  await credit(api.sql, user.accountId, 50_000_000n);
  const wallet = privateKeyToAccount(user.privateKey);
  const { usdc, escrow, rpcUrl, client } = api.chain;
  const ofToken = { abi: testUsdcAbi };
  await createTestClient({ mode: "anvil", transport: http(rpcUrl) }).setBalance({
    address: wallet.address,
    value: parseEther("1"),
  });
  const mint = encodeFunctionData({ ...ofToken, functionName: "mint", args: [wallet.address, 100_000_000n] });
  await write(api, usdc, mint);
  const approve = encodeFunctionData({ ...ofToken, functionName: "approve", args: [escrow, maxUint256] });
  const hash = await createWalletClient({ account: wallet, transport: http(rpcUrl) }).sendTransaction({
    to: usdc,
    data: approve,
    chain: null,
  });
  await client.waitForTransactionReceipt({ hash, checkReplacement: false });
  const ask = () =>
    user.openai.chat.completions
      .create({ model: "demo/large", messages: [{ role: "user", content: "Write 50 tokens." }], max_tokens: 50 })
      .then(() => 200)
      .catch((error: { status: number }) => error.status);
  const statuses = new Set<number>();
  while (!statuses.has(402)) for (const status of await Promise.all([1, 2, 3, 4].map(ask))) statuses.add(status);
  await sendTransactions({
    sql: api.sql,
    chain: api.chain,
    account: privateKeyToAccount(RICH_KEY),
    bumpAfterMs: 0,
    maxFeePerGas: 10n ** 12n,
  });
  expect(statuses).toEqual(new Set([200, 402]));
  const held = { address: usdc, abi: testUsdcAbi, functionName: "balanceOf", args: [wallet.address] } as const;
  expect(await client.readContract(held)).toBe(100_000_000n);
  expect(await api.sql`select from transactions where account_id = ${user.accountId}`).toHaveLength(0);
  expect(await api.sql`select from limits where account_id = ${user.accountId}`).toHaveLength(0);
  expect(await api.sql`select from recharge_settings`).toHaveLength(0);
  expect(await api.sql`select from card_payments`).toHaveLength(0);
  expect((await readBalance(api.sql, user.accountId)).spendable).toBeLessThan(50_000_000n);
  const asked = await api.app.inject({ method: "GET", url: "/api/recharge", headers: { cookie: user.cookie } });
  expect(asked.json()).toMatchObject({ enabled: false, cardId: null });
  // The ceiling of a recharge is set with it, and by nothing else; see funding/recharge.test.ts for saved cards.
  const url = `/api/limits/recharge/${user.accountId}/month`;
  const headers = { cookie: user.cookie };
  expect((await api.app.inject({ method: "PUT", url, headers, payload: { amount: "5" } })).statusCode).toBe(400);
});
