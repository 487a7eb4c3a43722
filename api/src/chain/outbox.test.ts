import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { microUsdc } from "@infr/money";
import { accountRef, PRIMARY_SALT } from "@infr/protocol";
import { createTestClient, createWalletClient, encodeFunctionData, type Hex, http, numberToHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rpc } from "../../../scripts/anvil.ts";
import { openWallet } from "../../../scripts/flow/wallet.ts";
import { startLaggingNode } from "../../../test/faults/chain.ts";
import { badAnswers, calls, FaultProxy } from "../../../test/faults/proxy.ts";
import { newId } from "../ids.ts";
import { newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { openChain } from "./open.ts";
import { sendTransactions } from "./outbox.ts";
import { attemptsOf, queueTransaction, saveAttempt, transactionState } from "./outbox-store.ts";
import { EndpointLagsError } from "./rpc-errors.ts";

let api: TestApi;
let user: TestUser;
const account = privateKeyToAccount(RICH_KEY);
const round = () =>
  sendTransactions({ sql: api.sql, chain: api.chain, account, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
const node = () => createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) });

beforeAll(async () => {
  api = await startApi();
  user = await newUser(api);
});
afterAll(() => api.stop());

/** Queues the opening of an account in the contract: something that can be looked up there. */
async function queueOpen(): Promise<{ id: string; owner: Hex }> {
  const { address: owner } = privateKeyToAccount(generatePrivateKey());
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "open", args: [owner, PRIMARY_SALT] });
  return { id: await queue(data), owner };
}

async function queue(data: Hex, cause = newId("tx"), target = api.chain.escrow): Promise<string> {
  const row = await api.sql.begin((tx) =>
    queueTransaction(tx, {
      transactionId: newId("tx"),
      accountId: null,
      kind: "test",
      cause,
      sender: account.address,
      target,
      data,
    }),
  );
  return row.transaction_id;
}

const stateOf = async (id: string) => (await transactionState(api.sql, id))?.state;
const numberOf = (owner: Hex) =>
  api.chain.client.readContract({
    address: api.chain.escrow,
    abi: creditEscrowAbi,
    functionName: "idOf",
    args: [owner],
  });

describe("sendTransactions", () => {
  test("default: queued, sent, mined, final", async () => {
    const { id, owner } = await queueOpen();
    await round();
    expect(await stateOf(id)).toBe("sent");
    await round();
    expect(await stateOf(id)).toBe("mined");
    expect(await numberOf(owner)).toBeGreaterThan(1);
    await node().mine({ blocks: 80 });
    await round();
    expect(await stateOf(id)).toBe("final");
  });

  test("behavior: the same cause is one transaction", async () => {
    const data = encodeFunctionData({
      abi: creditEscrowAbi,
      functionName: "open",
      args: [account.address, PRIMARY_SALT],
    });
    const ids = await Promise.all([1, 2, 3, 4].map(() => queue(data, "open:once")));
    expect(new Set(ids).size).toBe(1);
  });

  test("behavior: many at once, by several senders of one key, each once", async () => {
    const queued = await Promise.all(Array.from({ length: 10 }, queueOpen));
    await expect
      .poll(
        async () => {
          await Promise.all([round(), round(), round()]);
          return Promise.all(queued.map(({ id }) => stateOf(id)));
        },
        { timeout: 20_000 },
      )
      .toEqual(queued.map(() => "mined"));
    const numbers = await Promise.all(queued.map(({ owner }) => numberOf(owner)));
    expect(new Set(numbers).size).toBe(10);
  });

  test("behavior: while one sender of a key is at work, another's round does nothing", async () => {
    const { id } = await queueOpen();
    const [atWork, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { client } = api.chain;
    const getTransactionCount: typeof client.getTransactionCount = async (asked) => {
      atWork.resolve();
      await released.promise;
      return client.getTransactionCount(asked);
    };
    const chain = { ...api.chain, client: { ...client, getTransactionCount } };
    const slow = sendTransactions({ sql: api.sql, chain, account, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
    await atWork.promise;
    await round();
    expect(await stateOf(id)).toBe("queued");
    released.resolve();
    await slow;
    expect(await stateOf(id)).toBe("sent");
    await round();
    expect(await stateOf(id)).toBe("mined");
  });

  test("behavior: a call that would revert is never sent, and says why", async () => {
    const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "withdraw", args: [1, 5n] });
    const id = await queue(data);
    await round();
    expect(await transactionState(api.sql, id)).toMatchObject({
      state: "failed",
      nonce: null,
      error: expect.stringMatching(/^\w+\(/),
    });
  });

  test("behavior: what was dropped before it was mined is sent again, with the same bytes", async () => {
    const chain = node();
    await chain.setAutomine(false);
    const { id, owner } = await queueOpen();
    await round();
    const [first] = await attemptsOf(api.sql, id);
    await chain.dropTransaction({ hash: first?.hash ?? "0x" });
    await chain.setAutomine(true);
    await round();
    await round();
    expect(await stateOf(id)).toBe("mined");
    expect(await attemptsOf(api.sql, id)).toHaveLength(1);
    expect(await numberOf(owner)).toBeGreaterThan(1);
  });

  test("behavior: what nobody mines is sent again dearer, under the same nonce", async () => {
    const chain = node();
    await chain.setAutomine(false);
    const { id } = await queueOpen();
    await round();
    await sendTransactions({ sql: api.sql, chain: api.chain, account, bumpAfterMs: 0, maxFeePerGas: 10n ** 12n });
    const attempts = await attemptsOf(api.sql, id);
    expect(attempts).toHaveLength(2);
    expect(BigInt(attempts[0]?.max_fee_per_gas ?? 0)).toBeGreaterThan(BigInt(attempts[1]?.max_fee_per_gas ?? 0));
    await chain.mine({ blocks: 1 });
    await chain.setAutomine(true);
    await round();
    expect(await transactionState(api.sql, id)).toMatchObject({ state: "mined", mined_hash: attempts[0]?.hash });
  });

  test("behavior: what a reorganisation took away is sent again", async () => {
    const { id, owner } = await queueOpen();
    await round();
    await round();
    await node().request({ method: "anvil_reorg" as never, params: [1, []] as never });
    expect(await numberOf(owner)).toBe(0);
    await round();
    expect(await stateOf(id)).toBe("sent");
    await round();
    await round();
    expect(await stateOf(id)).toBe("mined");
    expect(await numberOf(owner)).toBeGreaterThan(1);
  });
});

describe("nonces", () => {
  const mine = (blocks = 1) => node().mine({ blocks });
  const rounds = async (times: number) => {
    for (let n = 0; n < times; n++) await round();
  };

  test("behavior: what was replaced by a foreign transaction is sent under another nonce, and not before that is safe", async () => {
    const chain = node();
    await chain.setAutomine(false);
    const { id, owner } = await queueOpen();
    await round();
    const nonce = Number((await transactionState(api.sql, id))?.nonce);
    const wallet = createWalletClient({ account, transport: http(api.chain.rpcUrl) });
    const fee = 10n ** 12n;
    await wallet.sendTransaction({
      chain: null,
      to: account.address,
      nonce,
      maxFeePerGas: fee,
      maxPriorityFeePerGas: fee,
    });
    await mine();
    await chain.setAutomine(true);
    await rounds(2);
    expect(await transactionState(api.sql, id)).toMatchObject({ state: "sent", nonce: BigInt(nonce) });
    await mine(80);
    await rounds(3);
    expect(await transactionState(api.sql, id)).toMatchObject({ state: "mined", nonce: BigInt(nonce + 1) });
    expect(await numberOf(owner)).toBeGreaterThan(1);
  });

  test("behavior: one that reverted in a block that was reorganised away leaves no gap", async () => {
    const chain = node();
    await chain.setAutomine(false);
    const token = { abi: testUsdcAbi, address: api.chain.usdc };
    const mint = encodeFunctionData({ ...token, functionName: "mint", args: [account.address, 1_000n] });
    await chain.sendUnsignedTransaction({ from: account.address, to: api.chain.usdc, data: mint, gas: 500_000n });
    await mine();
    const held = await api.chain.client.readContract({ ...token, functionName: "balanceOf", args: [account.address] });
    const all = encodeFunctionData({ ...token, functionName: "transfer", args: [api.chain.escrow, held] });
    const first = await queue(all, newId("tx"), api.chain.usdc);
    const second = await queue(all, newId("tx"), api.chain.usdc); // possible when it is tried, not when it is mined
    await round();
    await mine();
    await chain.setAutomine(true);
    await round();
    expect([await stateOf(first), await stateOf(second)]).toEqual(["mined", "failed"]);
    await chain.request({ method: "anvil_reorg" as never, params: [1, []] as never });
    const { id: third } = await queueOpen();
    await rounds(4);
    expect(await Promise.all([first, second, third].map(stateOf))).toEqual(["mined", "failed", "mined"]);
  });

  test("error: two processes that both think they hold the lock can't give one transaction two nonces", async () => {
    const { id } = await queueOpen();
    const saved = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        saveAttempt(api.sql, { transactionId: id, nonce: 5_000 + n, hash: `hash${n}`, raw: "0x", maxFeePerGas: 1n }),
      ),
    );
    expect(saved.filter((one) => one.status === "fulfilled" && one.value)).toHaveLength(1);
    expect(await attemptsOf(api.sql, id)).toHaveLength(1);
    await expect(api.sql`update transactions set nonce = nonce + 1 where transaction_id = ${id}`).rejects.toMatchObject(
      { code: "23505" },
    );
    await api.sql`update transactions set state = 'failed', nonce = null where transaction_id = ${id}`;
  });
});

describe("fees", () => {
  const GWEI = 10n ** 9n;
  const baseFee = (value: bigint) => node().setNextBlockBaseFeePerGas({ baseFeePerGas: value });

  test("behavior: what nodes refuse for its fees is replaced at once by a dearer version", async () => {
    const chain = node();
    await chain.setAutomine(false);
    const { id, owner } = await queueOpen();
    await round();
    const [first] = await attemptsOf(api.sql, id);
    await chain.dropTransaction({ hash: first?.hash ?? "0x" });
    await baseFee(50n * GWEI);
    await chain.mine({ blocks: 1 });
    await round();
    const attempts = await attemptsOf(api.sql, id);
    expect(attempts).toHaveLength(2);
    expect(BigInt(attempts[0]?.max_fee_per_gas ?? 0)).toBeGreaterThan(50n * GWEI);
    await chain.mine({ blocks: 1 });
    await round();
    expect(await stateOf(id)).toBe("mined");
    expect(await numberOf(owner)).toBeGreaterThan(1);
    await baseFee(GWEI);
    await chain.mine({ blocks: 1 });
    await chain.setAutomine(true);
  });

  test("behavior: while the chain asks for more than the ceiling it waits, and says why", async () => {
    const { id } = await queueOpen();
    await sendTransactions({ sql: api.sql, chain: api.chain, account, bumpAfterMs: 60_000, maxFeePerGas: 1n });
    expect(await transactionState(api.sql, id)).toMatchObject({
      state: "queued",
      nonce: null,
      error: expect.stringContaining("MAX_FEE_GWEI"),
    });
    await round();
    await round();
    expect(await transactionState(api.sql, id)).toMatchObject({ state: "mined", error: null });
  });
});

describe("what an endpoint does not tell", () => {
  test("behavior: a lost receipt takes nothing back", async () => {
    const { id } = await queueOpen();
    await round();
    await round();
    const proxy = await FaultProxy.start(() => Number(new URL(api.chain.rpcUrl).port));
    try {
      proxy.intercept((request) =>
        calls(request, "eth_getTransactionReceipt") ? { answer: badAnswers.nothing(request) } : "pass",
      );
      const chain = openChain({ ...api.chain, rpcUrl: `http://127.0.0.1:${proxy.port}` });
      await sendTransactions({ sql: api.sql, chain, account, bumpAfterMs: 0, maxFeePerGas: 10n ** 12n });
      expect(await transactionState(api.sql, id)).toMatchObject({ state: "mined" });
      expect(await attemptsOf(api.sql, id)).toHaveLength(1);
    } finally {
      await proxy.stop();
    }
  });

  test("error: an endpoint that lags is not believed: nothing is refused because of what it does not know", async () => {
    const { id: known } = await queueOpen();
    await round();
    await round();
    expect(await stateOf(known)).toBe("mined");
    const call = <T>(method: string, ...params: unknown[]) => rpc<T>(api.chain.rpcUrl, method, params);
    const lagging = await startLaggingNode({ rpcUrl: api.chain.rpcUrl, call }, { blocks: 2 });
    const { id } = await queueOpen();
    try {
      const chain = openChain({ ...api.chain, rpcUrl: `http://127.0.0.1:${lagging.port}` });
      const late = sendTransactions({ sql: api.sql, chain, account, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
      await expect(late).rejects.toBeInstanceOf(EndpointLagsError);
      expect([await stateOf(known), await stateOf(id)]).toEqual(["mined", "queued"]);
    } finally {
      await lagging.stop();
    }
    await round();
    await round();
    expect(await stateOf(id)).toBe("mined");
  });
});

describe("what goes wrong with one", () => {
  test("behavior: a call that never ends is refused, and the next one is sent", async () => {
    const endless = privateKeyToAccount(generatePrivateKey()).address;
    await node().setCode({ address: endless, bytecode: "0x5b600056" });
    const poison = await queue("0x", newId("tx"), endless);
    const { id } = await queueOpen();
    await round();
    await round();
    expect(await stateOf(poison)).toBe("failed");
    expect(await stateOf(id)).toBe("mined");
  });

  test("behavior: a hundred that are mined and not final do not keep others waiting", async () => {
    const many = await Promise.all(Array.from({ length: 100 }, queueOpen));
    const states = () => Promise.all(many.map(({ id }) => stateOf(id)));
    const rounds = async () => {
      await round();
      return (await states()).every((state) => state === "mined" || state === "final");
    };
    await expect.poll(rounds, { timeout: 20_000 }).toBe(true);
    const { id } = await queueOpen();
    await round();
    await round();
    expect(await stateOf(id)).toBe("mined");
  });

  test("behavior: what failed before it was sent can be queued again", async () => {
    const { address: owner } = privateKeyToAccount(generatePrivateKey());
    const wrong = encodeFunctionData({ abi: creditEscrowAbi, functionName: "withdraw", args: [1, 5n] });
    const right = encodeFunctionData({ abi: creditEscrowAbi, functionName: "open", args: [owner, PRIMARY_SALT] });
    const id = await queue(wrong, "again");
    await round();
    expect(await stateOf(id)).toBe("failed");
    expect(await queue(right, "again")).toBe(id);
    await round();
    await round();
    expect(await stateOf(id)).toBe("mined");
  });
});

describe("POST /api/deposits/authorizations", () => {
  const AMOUNT = microUsdc(25_000_000n);
  const stack = () => ({
    rpc: api.chain.rpcUrl,
    chainId: api.chainId,
    contracts: { escrow: api.chain.escrow, usdc: api.chain.usdc },
  });
  const ref = () => accountRef({ owner: privateKeyToAccount(user.privateKey).address });

  async function signed(amount = AMOUNT, signedRef = ref()) {
    await node().setBalance({ address: privateKeyToAccount(user.privateKey).address, value: 10n ** 18n });
    const wallet = openWallet(stack(), user.privateKey);
    const data = encodeFunctionData({ abi: testUsdcAbi, functionName: "mint", args: [wallet.address, 10n * AMOUNT] });
    await node().sendUnsignedTransaction({ from: account.address, to: api.chain.usdc, data, gas: 500_000n });
    return wallet.signAuthorization({ ref: signedRef, amount });
  }

  const post = (payload: object) =>
    api.app.inject({ method: "POST", url: "/api/deposits/authorizations", headers: { cookie: user.cookie }, payload });

  test("default: is queued once however often it is sent, and mined", async () => {
    const payload = { ...(await signed()), amount: "25" };
    const answers = await Promise.all([post(payload), post(payload), post(payload)]);
    const ids = answers.map((answer) => answer.json<{ transaction: { id: string } }>().transaction.id);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 202]);
    expect(new Set(ids).size).toBe(1);
    await round();
    await round();
    expect(await stateOf(ids[0] ?? "")).toBe("mined");
    expect((await post(payload)).json()).toMatchObject({ transaction: { id: ids[0], state: "mined" } });
  });

  test.each([
    ["4.999999", 400, "invalid_input"],
    ["0", 400, "invalid_input"],
    ["-25", 400, "invalid_input"],
    ["25.0000001", 400, "invalid_input"],
    ["26", 422, "deposit_refused"],
  ])("error: an amount of %s is refused and nothing is queued", async (amount, status, code) => {
    const before = await api.sql`select from transactions`;
    const answer = await post({ ...(await signed()), amount });
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ code });
    expect(await api.sql`select from transactions`).toHaveLength(before.length);
  });

  test("error: a signature for another account, or none at all", async () => {
    const stolen = await signed(AMOUNT, accountRef({ owner: account.address }));
    expect((await post({ ...stolen, amount: "25" })).json()).toMatchObject({ code: "deposit_refused" });
    const garbled = { ...(await signed()), signature: numberToHex(1, { size: 65 }) };
    expect((await post({ ...garbled, amount: "25" })).json()).toMatchObject({ code: "deposit_refused" });
  });
});
