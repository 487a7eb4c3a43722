import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Address, encodeAbiParameters, type Hex, toCoinType, toHex } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readBalance } from "../ledger/balance.ts";
import { differences } from "../ledger/store.ts";
import { credit, newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { startEns } from "../testing/ens.ts";
import { call, carryOut, prepare, transfer } from "../testing/moves.ts";
import { fundPlatform, openOnChain } from "../testing/on-chain.ts";
import { newEmailUser } from "../testing/people.ts";
import { createTeam } from "../testing/teams.ts";
import { lookOf } from "./name.ts";

const DOLLAR = 1_000_000n;

/** Another server: what it answers, by path. */
const answers = new Map<string, { status?: number; body: string }>();
const asked: string[] = [];
let server: Server;
let host: string;
let ens: Awaited<ReturnType<typeof startEns>>;
let api: TestApi;
let giver: TestUser;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`.trim());
    const { status = 200, body } = answers.get(request.url ?? "") ?? { status: 404, body: "{}" };
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  ens = await startEns();
  api = await startApi({
    ENS_RPC_URL: ens.rpcUrl,
    ENS_RESOLVER_ADDRESS: ens.resolver,
    PHONE_DIRECTORY_URL: `http://${host}/phones`,
    PHONE_DIRECTORY_KEY: "directory-key",
    OPENINGS_PER_DAY: "100",
    MOVES_PER_DAY: "100",
  });
  await fundPlatform(api);
  giver = await funded();
});
afterAll(async () => {
  await Promise.all([api.stop(), ens.stop()]);
  server.close();
});
afterEach(async () => {
  expect(await differences(api.sql)).toEqual([]);
});
async function funded(): Promise<TestUser> {
  const user = await newUser(api);
  await fundPlatform(api);
  await openOnChain(api, user, 100n * DOLLAR);
  await credit(api.sql, user.accountId, 100_000_000_000n);
  return user;
}

const here = () => api.config.publicUrl.host;
const choose = (user: Pick<TestUser, "cookie">, name: string) =>
  api.app.inject({ method: "PUT", url: "/api/name", headers: { cookie: user.cookie }, payload: { name } });
const giveUp = (user: TestUser) =>
  api.app.inject({ method: "DELETE", url: "/api/name", headers: { cookie: user.cookie } });
const lookUp = (name: string) => api.app.inject({ method: "GET", url: `/.well-known/infr/${name}` });
const preview = async (to: object) => {
  const { status, body } = await call(api, giver, {
    url: "/api/transfers",
    payload: { to, amount: "1", dryRun: true },
    key: crypto.randomUUID(),
  });
  return { status, ...(body as unknown as { to: { by: string; name: string; wallet: string | null }; code: string }) };
};
const newWallet = (): Address => privateKeyToAddress(generatePrivateKey());

describe("a name of one's own", () => {
  test("default: is chosen, is public, and leads to the account", async () => {
    const user = await funded();
    expect((await choose(user, "alice")).json()).toEqual({ name: "alice", address: `alice@${here()}` });
    const wallet = privateKeyToAddress(user.privateKey).toLowerCase();
    const { headers, ...answer } = await lookUp("Alice");
    expect(answer.json()).toMatchObject({ name: `alice@${here()}`, wallet, chainId: 31337, escrow: api.chain.escrow });
    expect(answer.json<{ chainAccount: number }>().chainAccount).toBeGreaterThan(1);
    expect(headers["access-control-allow-origin"]).toBe("*");
    expect(await preview({ name: "alice" })).toMatchObject({
      status: 200,
      to: { by: "name", account: user.accountId },
    });
    expect(await preview({ name: `ALICE@${here()}` })).toMatchObject({ status: 200, to: { account: user.accountId } });
  });

  test("behavior: credit that is sent to it arrives", async () => {
    const user = await funded();
    await choose(user, "bertha");
    const fromBlock = await api.chain.client.getBlockNumber();
    const sent = await transfer(api, giver, { to: { name: "bertha" }, amount: "2.5" });
    expect(sent.body).toMatchObject({ state: "pending", to: { by: "name", name: "bertha", account: user.accountId } });
    await carryOut(api, fromBlock);
    expect((await readBalance(api.sql, user.accountId)).spendable).toBe(102_500_000_000n);
  });

  test("behavior: of twenty accounts that want it at once one gets it", async () => {
    const users = await Promise.all(Array.from({ length: 20 }, () => newUser(api)));
    await api.sql`
      update accounts set chain_account = 1000 + n, opened_event_id = 'test:' || n
      from (select account_id, row_number() over () as n from unnest(${users.map((user) => user.accountId)}::text[]) u(account_id)) u
      where accounts.account_id = u.account_id`;
    const names = users.map((_, n) => ["wanted", "want-ed", "wan-ted"][n % 3] ?? "");
    const statuses = await Promise.all(users.map(async (user, n) => (await choose(user, names[n] ?? "")).statusCode));
    expect(statuses.sort((a, b) => a - b)).toEqual([200, ...Array.from({ length: 19 }, () => 409)]);
  });

  test("behavior: an old one leads nowhere, is nobody else's, and can be taken again", async () => {
    const [user, other] = [await funded(), await funded()];
    await choose(user, "carol");
    expect((await choose(user, "carolina")).statusCode).toBe(200);
    expect((await lookUp("carol")).statusCode).toBe(404);
    expect(await preview({ name: "carol" })).toMatchObject({ status: 422, code: "unknown_recipient" });
    for (const taken of ["carol", "car0l", "ca-rol", "caroi"])
      expect((await choose(other, taken)).statusCode).toBe(409);
    expect((await choose(user, "carol")).json()).toMatchObject({ name: "carol" });
    expect((await giveUp(user)).statusCode).toBe(204);
    expect((await giveUp(user)).statusCode).toBe(404);
    expect((await lookUp("carol")).statusCode).toBe(404);
  });

  test("behavior: an account has five in its life", async () => {
    const user = await funded();
    for (const name of ["one-1", "two-2", "three-3", "four-4", "five-5"])
      expect((await choose(user, name)).statusCode).toBe(200);
    expect((await choose(user, "six-6")).json()).toMatchObject({ code: "too_many_names" });
    expect((await choose(user, "two-2")).statusCode).toBe(200);
  });

  test("error: without a deposit, and one that the platform would use of itself", async () => {
    expect((await choose(await newUser(api), "poor")).json()).toMatchObject({ code: "account_not_open" });
    for (const name of ["support", "supp0rt", "sup-port", "5upport", "bllling"])
      expect((await choose(giver, name)).json()).toMatchObject({ code: "invalid_input", param: "name" });
    expect((await choose(giver, "Big")).statusCode).toBe(400);
  });

  test("error: the database lets nobody change, take or delete one", async () => {
    const user = await funded();
    await choose(user, "doris");
    const { sql } = api;
    await expect(sql`update account_names set account_id = ${giver.accountId} where name = 'doris'`).rejects.toThrow(
      /whose/,
    );
    await expect(sql`update account_names set name = 'dora' where name = 'doris'`).rejects.toThrow(/does not change/);
    await expect(sql`delete from account_names where name = 'doris'`).rejects.toThrow(/stays/);
  });

  test("behavior: two that want each other's at once both get an answer", async () => {
    const [one, two] = [await funded(), await funded()];
    await Promise.all([choose(one, "hilda"), choose(two, "ingrid")]);
    for (let n = 0; n < 10; n += 1) {
      const answers = await Promise.all([choose(one, "ingrid"), choose(two, "hilda"), choose(one, "hilda")]);
      for (const { statusCode } of answers) expect([200, 409]).toContain(statusCode);
    }
    const [row] = await api.sql`select count(*)::int as n from account_names where account_id = ${one.accountId}`;
    expect(row).toEqual({ n: 1 });
  });

  test("behavior: of a team it names no wallet: its owner's has an account of its own", async () => {
    const { id, owner } = await createTeam(api, "Acme");
    await api.sql`
      update accounts set chain_account = 901, opened_event_id = 'test:901', owner = ${privateKeyToAddress(owner.privateKey).toLowerCase()}
      where account_id = ${id}`;
    const headers = { cookie: owner.cookie, "infr-account": id };
    await api.app.inject({ method: "PUT", url: "/api/name", headers, payload: { name: "acme" } });
    expect((await lookUp("acme")).json()).toMatchObject({ wallet: null, chainAccount: 901 });
    expect(await preview({ name: "acme" })).toMatchObject({ status: 200, to: { account: id } });
  });

  test("behavior: what looks the same is the same to the database and to us", async () => {
    const names = ["a1ice", "al-ice", "b0b58", "corner", "vvv-rn", "paui", "plain"];
    for (const name of names) {
      const [row] = await api.sql`select look_of_name(${name}) as look`;
      expect(row).toEqual({ look: lookOf(name) });
    }
  });

  test("behavior: of an account without a wallet it names none", async () => {
    const user = await newEmailUser(api, "erna@example.com");
    await api.sql`
      update accounts set chain_account = 900, opened_event_id = 'test:900' where account_id = ${user.accountId}`;
    await choose(user, "erna");
    expect((await lookUp("erna")).json()).toMatchObject({ wallet: null, chainAccount: 900 });
    expect(await preview({ name: "erna" })).toMatchObject({
      status: 200,
      to: { account: user.accountId, wallet: null },
    });
  });
});

describe("a name at another host", () => {
  const document = (wallet: string | null, changes: object = {}) => ({
    body: JSON.stringify({
      name: "x",
      wallet,
      chainId: 31337,
      escrow: newWallet(),
      ref: `0x${"1".repeat(64)}`,
      chainAccount: null,
      ...changes,
    }),
  });

  test("default: leads to the wallet that the host says", async () => {
    const wallet = newWallet();
    answers.set("/.well-known/infr/frieda", document(wallet));
    expect(await preview({ name: `frieda@${host}` })).toMatchObject({
      status: 200,
      to: { by: "name", name: `frieda@${host}`, wallet: wallet.toLowerCase() },
    });
    const prepared = await prepare(api, giver, { to: { name: `frieda@${host}` }, amount: "1" });
    expect(prepared).toMatchObject({ status: 201 });
    const [account] = await api.sql`select owner from accounts where owner = ${wallet.toLowerCase()}`;
    expect(account).toBeDefined();
  });

  test("behavior: is the same of two of these platforms", async () => {
    const other = await startApi();
    try {
      await fundPlatform(other);
      const user = await newUser(other);
      await openOnChain(other, user, 5n * DOLLAR);
      const headers = { cookie: user.cookie };
      await other.app.inject({ method: "PUT", url: "/api/name", headers, payload: { name: "gerda" } });
      const at = new URL(other.origin).host;
      expect(await preview({ name: `gerda@${at}` })).toMatchObject({
        status: 200,
        to: { wallet: privateKeyToAddress(user.privateKey).toLowerCase() },
      });
    } finally {
      await other.stop();
    }
  });

  test.each([
    ["that nobody has", { status: 404, body: "{}" }, 422, "unknown_recipient"],
    ["without a wallet", document(null), 422, "unknown_recipient"],
    ["on another chain", document(newWallet(), { chainId: 1 }), 422, "unknown_recipient"],
    ["with something else for a wallet", document("0x12"), 502, "name_host_unreachable"],
    ["with a wrong checksum", document(`0x${"aB".repeat(20)}`), 502, "name_host_unreachable"],
    ["that is redirected", { status: 302, body: "" }, 502, "name_host_unreachable"],
    ["that breaks the host", { status: 500, body: "" }, 502, "name_host_unreachable"],
    ["answered by no JSON", { body: "<html>" }, 502, "name_host_unreachable"],
    ["answered by megabytes", { body: `"${"x".repeat(1_000_000)}"` }, 502, "name_host_unreachable"],
  ])("error: one %s moves nothing", async (_, answer, status, code) => {
    answers.set("/.well-known/infr/hans", answer);
    expect(await preview({ name: `hans@${host}` })).toMatchObject({ status, code, param: "to" });
  });

  test("error: hosts in a private network are not asked, where they may not be", async () => {
    const strict = await startApi({ ALLOW_PRIVATE_NODES: "false" });
    try {
      await fundPlatform(strict);
      const user = await newUser(strict);
      await openOnChain(strict, user, 5n * DOLLAR);
      await credit(strict.sql, user.accountId, 5_000_000_000n);
      const connections: unknown[] = [];
      server.on("connection", (socket) => connections.push(socket.remotePort));
      const { body } = await call(strict, user, {
        url: "/api/transfers",
        payload: { to: { name: `ida@${host}` }, amount: "1", dryRun: true },
        key: "one",
      });
      expect(body).toMatchObject({ code: "name_host_unreachable" });
      expect(connections).toEqual([]);
      const byEns = { url: "/api/transfers", payload: { to: { name: "ida.eth" }, amount: "1" }, key: "two" };
      expect((await call(strict, user, byEns)).body).toMatchObject({ code: "names_not_here" });
      const byPhone = { url: "/api/transfers", payload: { to: { phone: "+15551234567" }, amount: "1" }, key: "three" };
      expect((await call(strict, user, byPhone)).body).toMatchObject({ code: "names_not_here" });
    } finally {
      await strict.stop();
    }
  });
});

describe("a name of ENS", () => {
  test("default: leads to its wallet on this chain, else to its general one", async () => {
    const [here, general] = [newWallet(), newWallet()];
    await ens.set("klara.eth", toCoinType(31337), here);
    await ens.set("klara.eth", 60n, general);
    await ens.set("lotte.base.eth", 60n, general);
    expect(await preview({ name: "Klara.eth" })).toMatchObject({ status: 200, to: { wallet: here.toLowerCase() } });
    expect(await preview({ name: "lotte.base.eth" })).toMatchObject({
      status: 200,
      to: { wallet: general.toLowerCase() },
    });
  });

  test("behavior: a general one that is a contract is not sent to", async () => {
    await ens.set("safe.eth", 60n, ens.resolver);
    expect(await preview({ name: "safe.eth" })).toMatchObject({ status: 422, code: "unknown_recipient" });
  });

  test("behavior: is asked of gateways where it is kept there", async () => {
    const wallet = newWallet();
    await ens.setGateway("martha.eth", `http://${host}/gateway/{sender}/{data}.json`);
    const path = (data: Hex) => `/gateway/${ens.resolver.toLowerCase()}/${data}.json`;
    // addr(bytes32,uint256) has no answer there, addr(bytes32) has one.
    server.prependListener("request", (request) => {
      const [, data] = /^\/gateway\/[^/]+\/(0x[0-9a-f]+)\.json$/.exec(request.url ?? "") ?? [];
      if (data === undefined) return;
      const isGeneral = data.length === 2 + 2 * 36;
      const value = isGeneral
        ? encodeAbiParameters([{ type: "address" }], [wallet])
        : encodeAbiParameters([{ type: "bytes" }], ["0x"]);
      answers.set(path(data as Hex), { body: JSON.stringify({ data: value }) });
    });
    expect(await preview({ name: "martha.eth" })).toMatchObject({ status: 200, to: { wallet: wallet.toLowerCase() } });
  });

  test("error: one that nobody has, that is none, or whose gateway does not answer", async () => {
    expect(await preview({ name: "nobody.eth" })).toMatchObject({ status: 422, code: "unknown_recipient" });
    expect(await preview({ name: "a b.eth" })).toMatchObject({ status: 422, code: "unknown_recipient" });
    await ens.setGateway("otto.eth", "http://127.0.0.1:1/{data}");
    expect(await preview({ name: "otto.eth" })).toMatchObject({ status: 503, code: "unavailable" });
  });

  test("error: a resolver that asks again for ever is broken off", async () => {
    await ens.setGateway("endless.eth", `http://${host}/endless/{data}`);
    await ens.setEndless("endless.eth");
    asked.length = 0;
    server.prependListener("request", ({ url = "" }) => {
      if (url.startsWith("/endless/")) answers.set(url, { body: JSON.stringify({ data: "0x" }) });
    });
    expect(await preview({ name: "endless.eth" })).toMatchObject({ status: 503, code: "unavailable" });
    expect(asked.length).toBeLessThanOrEqual(8);
  });

  test("error: what is no address is none", async () => {
    await ens.set("rosa.eth", toCoinType(31337), "0x1234");
    expect(await preview({ name: "rosa.eth" })).toMatchObject({ status: 422, code: "unknown_recipient" });
  });

  test("behavior: a standing order is for whom it led to on the day that it was made", async () => {
    const wallet = newWallet();
    await ens.set("paula.eth", 60n, wallet);
    const payload = { to: { name: "paula.eth" }, amount: "1", every: "month" };
    const { body } = await call(api, giver, { url: "/api/standing-orders", payload });
    expect(body).toMatchObject({ to: { by: "wallet", name: wallet.toLowerCase() } });
    await choose(giver, "giver");
    const toSelf = { url: "/api/standing-orders", payload: { ...payload, to: { name: "giver" } } };
    expect((await call(api, giver, toSelf)).body).toMatchObject({ code: "own_account" });
  });
});

describe("a telephone number", () => {
  test("default: leads to the wallet that the directory knows", async () => {
    const wallet = newWallet();
    answers.set("/phones", { body: JSON.stringify({ wallet }) });
    asked.length = 0;
    expect(await preview({ phone: "+1 (555) 123-4567" })).toMatchObject({
      status: 200,
      to: { by: "phone", name: "+1 (555) 123-4567", wallet: null },
    });
    expect((await prepare(api, giver, { to: { phone: "+15551234567" }, amount: "1" })).status).toBe(201);
    const [account] = await api.sql`select from accounts where owner = ${wallet.toLowerCase()}`;
    expect(account).toBeDefined();
    expect(new Set(asked)).toEqual(new Set(["POST /phones Bearer directory-key"]));
  });

  test("error: an unknown one, no number, and a directory that answers nonsense", async () => {
    answers.set("/phones", { status: 404, body: "" });
    expect(await preview({ phone: "+15550000000" })).toMatchObject({ status: 422, code: "unknown_recipient" });
    expect(await preview({ phone: "5550000" })).toMatchObject({ status: 400, code: "invalid_input" });
    answers.set("/phones", { body: toHex("nonsense") });
    expect(await preview({ phone: "+15550000000" })).toMatchObject({ status: 503, code: "unavailable" });
  });
});

test("error: others are asked sixty times an hour for an account, and only for one with credit", async () => {
  const user = await funded();
  answers.set("/.well-known/infr/walter", { status: 404, body: "{}" });
  const ask = async (who: TestUser) => {
    const payload = { to: { name: `walter@${host}` }, amount: "1", every: "month" };
    return (await call(api, who, { url: "/api/standing-orders", payload })).body;
  };
  expect(await ask(await newUser(api))).toMatchObject({ code: "account_not_open" });
  for (let n = 0; n < 60; n += 1) expect(await ask(user)).toMatchObject({ code: "unknown_recipient" });
  expect(await ask(user)).toMatchObject({ code: "too_many_lookups", status: 429 });
});
