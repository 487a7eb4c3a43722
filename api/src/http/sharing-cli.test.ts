import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { creditEscrowAbi } from "@infr/contracts/abi";
import { parseUsd } from "@infr/money";
import { createTestClient, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../ids.ts";
import { readBalance } from "../ledger/balance.ts";
import { differences } from "../ledger/store.ts";
import { credit, newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { capture } from "../testing/captures.ts";
import { bookMoves, call, carryOut, clearAndSend, signOrder } from "../testing/moves.ts";
import { fundPlatform, openOnChain } from "../testing/on-chain.ts";

const CLI = fileURLToPath(new URL("../../../packages/sdk/src/cli/main.ts", import.meta.url));
let api: TestApi;
let alice: TestUser;
let bob: TestUser;
let from: bigint;

beforeAll(async () => {
  api = await startApi();
  await fundPlatform(api);
  [alice, bob] = [await funded(), await funded()];
  from = await api.chain.client.getBlockNumber();
});
afterAll(async () => {
  expect(await differences(api.sql)).toEqual([]);
  await api.stop();
});

async function funded(): Promise<TestUser> {
  const user = await newUser(api);
  await openOnChain(api, user, 20_000_000n);
  await credit(api.sql, user.accountId, 20_000_000_000n);
  return user;
}

const spendable = async ({ accountId }: TestUser) => (await readBalance(api.sql, accountId)).spendable;

type Said = { code: number; said: string };

const runCommand = (words: string[], environment: Record<string, string>): Promise<Said> =>
  promisify(execFile)(process.execPath, [CLI, ...words], {
    env: { PATH: process.env["PATH"], INFR_API: api.origin, ...environment },
    timeout: 25_000,
  })
    .then(({ stdout }) => ({ code: 0, said: stdout }))
    .catch(({ code, stderr }: { code: number; stderr: string }) => ({ code, said: stderr }));

/** Runs the command line while the worker does its part. */
async function infr(words: string[], environment: Record<string, string>): Promise<Said> {
  const done = new AbortController();
  const ended = runCommand(words, environment).finally(() => done.abort());
  while (!done.signal.aborted) {
    await clearAndSend(api);
    await bookMoves(api, from);
  }
  return ended;
}

async function give(amount: string): Promise<string> {
  const wanted = { url: "/api/gift-codes", payload: { amount, message: "cheers" }, key: newId("gift") };
  const { body } = await call(api, alice, wanted);
  const payload = { signature: await signOrder(alice.privateKey, body.order) };
  await call(api, alice, { url: `/api/gift-codes/${body.id}/signature`, payload });
  await carryOut(api, from);
  return body.code ?? "";
}

test("infr send: signs with the wallet in the environment and ends when the recipient can spend it", async () => {
  const environment = { INFR_PRIVATE_KEY: alice.privateKey };
  const dry = await infr(["send", "3.5", bob.accountId, "--dry-run"], environment);
  expect(dry).toMatchObject({ code: 0, said: expect.stringContaining("$16.5") });
  const { code, said } = await infr(["send", "3.5", bob.accountId, "--memo", "lunch"], environment);
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining("$3.5 sent") });
  expect(await spendable(bob)).toBe(parseUsd("23.5"));
  const tooMuch = await infr(["send", "100", bob.accountId], environment);
  expect(tooMuch).toMatchObject({ code: 2, said: expect.stringContaining("$16.5") });
});

test("infr balance: what can be spent and how long it lasts, by wallet and by management key", async () => {
  const user = await newUser(api);
  await credit(api.sql, user.accountId, 12_500_000_000n);
  const before = await runCommand(["balance"], { INFR_PRIVATE_KEY: user.privateKey });
  expect(before).toMatchObject({ code: 0, said: expect.stringMatching(/^\$12.5 can be spent\.\n/) });
  // One that nobody has asked for yet.
  const spender = await newUser(api);
  await credit(api.sql, spender.accountId, 12_500_000_000n);
  const { accountId: operatorId } = bob;
  await capture(api.sql, { accountId: spender.accountId, operatorId, count: 1, cost: 7_000_000_000n });
  const key = (await call(api, spender, { url: "/api/keys", payload: { name: "m", kind: "management" } })).body.key;
  const after = await runCommand(["balance"], { INFR_API_KEY: key });
  expect(after).toMatchObject({ code: 0, said: expect.stringContaining("it lasts 5 days") });
  const { code, said } = await runCommand(["balance", "--json"], { INFR_API_KEY: key });
  expect({ code, ...JSON.parse(said) }).toMatchObject({
    code: 0,
    spendable: "5.5",
    runwayDays: expect.closeTo(5.5, 1),
  });
  expect(await runCommand(["balance"], { INFR_API_KEY: "sk-infr-mgmt-nobody" })).toMatchObject({ code: 2 });
});

/** The day, in UTC, that comes so many days after today. */
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

test("infr standing: makes an order, lists it, pauses it, lets it go on and ends it", async () => {
  const standing = (...words: string[]) => runCommand(["standing", ...words], { INFR_PRIVATE_KEY: alice.privateKey });
  expect(await standing()).toEqual({ code: 0, said: "There is none.\n" });
  const [day, last] = [inDays(70), inDays(220)];
  const times = ["--every", "month", "--starts", day, "--ends", `${last}T12:00:00+02:00`];
  const made = await standing("new", "0.25", bob.accountId, ...times, "--memo", "rent", "--json");
  expect(made.code).toBe(0);
  const order = JSON.parse(made.said) as { id: string };
  expect(order).toMatchObject({ amount: "0.25", every: "month", memo: "rent", state: "active" });
  expect(order).toMatchObject({ nextAt: `${day}T00:00:00.000Z`, endsAt: `${last}T10:00:00.000Z` });
  expect((await standing("pause", order.id)).said).toContain("paused");
  expect((await standing("resume", order.id)).said).toContain(`active, next at ${day}`);
  expect((await standing("end", order.id)).said).toContain("ended");
  expect((await standing("list")).said).toMatch(new RegExp(`^${order.id}: \\$0.25 every month .*ended\n$`));
}, 120_000);

test("error: infr standing, where it is not said how often, when, what or whose", async () => {
  const standing = (...words: string[]) => runCommand(["standing", ...words], { INFR_PRIVATE_KEY: alice.privateKey });
  const startsAt = (moment: string) => standing("new", "1", bob.accountId, "--every", "day", "--starts", moment);
  const answers = await Promise.all([
    standing("new", "1", bob.accountId),
    startsAt("tomorrow"),
    startsAt("2099-02-30"),
    startsAt("2099-01-31T09:00:00"),
    standing("new", "1", alice.accountId, "--every", "day"),
    standing("sing", "standing_1"),
    standing("end", "standing_of_nobody"),
  ]);
  for (const [n, words] of [
    "how often",
    "no day",
    "no day",
    "no day",
    "account itself",
    "what to do",
    "no such",
  ].entries())
    expect(answers[n]).toMatchObject({ code: 2, said: expect.stringContaining(words) });
});

test("infr redeem: with a management key, by the API", async () => {
  const giftCode = await give("2");
  const created = await call(api, bob, {
    url: "/api/keys",
    payload: { name: "m", kind: "management" },
  });
  const before = await spendable(bob);
  const { code, said } = await infr(["redeem", giftCode], { INFR_API_KEY: created.body.key });
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining("cheers") });
  expect(await spendable(bob)).toBe(before + parseUsd("2"));
});

test("infr redeem --direct: with a wallet of its own, past the API", async () => {
  const giftCode = await give("1.25");
  const key = generatePrivateKey();
  const owner = privateKeyToAccount(key).address;
  const { client, rpcUrl, escrow: address } = api.chain;
  await createTestClient({ mode: "anvil", transport: http(rpcUrl) }).setBalance({ address: owner, value: 10n ** 18n });
  // Nobody follows the chain meanwhile: nothing of the API is needed.
  const env = { PATH: process.env["PATH"], INFR_PRIVATE_KEY: key, RPC_URL: rpcUrl, ESCROW_ADDRESS: address };
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, "redeem", giftCode, "--direct"], { env });
  expect(stdout).toContain("$1.25");
  const number = await client.readContract({ address, abi: creditEscrowAbi, functionName: "idOf", args: [owner] });
  const account = await client.readContract({
    address,
    abi: creditEscrowAbi,
    functionName: "accountOf",
    args: [number],
  });
  expect(account.balance).toBe(1_250_000n);
});
