import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { microUsdc } from "@infr/money";
import { accountRef, PRIMARY_SALT } from "@infr/protocol";
import { createTestClient, encodeFunctionData, type Hex, http, numberToHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWallet } from "../../../scripts/flow/wallet.ts";
import { newId } from "../ids.ts";
import { newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { sendTransactions } from "./outbox.ts";
import { attemptsOf, queueTransaction, transactionState } from "./outbox-store.ts";

let api: TestApi;
let user: TestUser;
const account = privateKeyToAccount(RICH_KEY);
const round = () => sendTransactions({ sql: api.sql, chain: api.chain, account, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
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
