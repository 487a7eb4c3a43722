import { readFileSync } from "node:fs";
import { parseUsd } from "@infr/money";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashSecret } from "../auth/tokens.ts";
import { readBalance } from "../ledger/balance.ts";
import { differences } from "../ledger/store.ts";
import { PERMISSIONS, ROLES } from "../roles.ts";
import { CUSTODIAN_KEY, credit, newUser, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { newEmailUser } from "../testing/people.ts";
import { createTeam, join, send, type TestTeam } from "../testing/teams.ts";

const DOLLAR = 1_000_000_000n;
const ASKED_AT_ONCE = 100;
let api: TestApi;
let team: TestTeam;

beforeAll(async () => {
  api = await startApi();
  await sellNode(api, { url: api.node.url, models: ["demo/small"] });
  team = await createTeam(api, "Search & <Rescue>");
  await credit(api.sql, team.id, 100n * DOLLAR);
});
afterAll(() => api.stop());

const codeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => ({
  status,
  code: body["code"],
});
const statusesOf = (answers: Array<{ status: number }>) => answers.map(({ status }) => status).sort((a, b) => a - b);
const newKey = async (user: Pick<TestUser, "cookie">, settings: object = {}) =>
  send(api, user, { method: "POST", url: "/api/keys", account: team.id, payload: { name: "k", ...settings } });
const keyOf = async (user: Pick<TestUser, "cookie">, settings: object = {}): Promise<string> =>
  String((await newKey(user, settings)).body["key"]);
const chat = (key: string, maxTokens = 1) =>
  api.app.inject({
    method: "POST",
    url: "/v1/chat/completions",
    headers: { authorization: `Bearer ${key}` },
    payload: { model: "demo/small", messages: [{ role: "user", content: "Hi" }], max_tokens: maxTokens },
  });
const setLimit = (scope: string, subjectId: string, amount: string, user: Pick<TestUser, "cookie"> = team.owner) =>
  send(api, user, {
    method: "PUT",
    url: `/api/limits/${scope}/${subjectId}/total`,
    account: team.id,
    payload: { amount },
  });

test("docs/teams.md says what the table of roles says", () => {
  const rows = Object.values(PERMISSIONS).map(
    ({ does, roles }) =>
      `| ${[does, ...ROLES.map((role) => ((roles as readonly string[]).includes(role) ? "yes" : ""))].join(" | ")} |`,
  );
  const squeezed = readFileSync(new URL("../../../docs/teams.md", import.meta.url), "utf8").replace(/ {2,}/g, " ");
  for (const row of rows) expect(squeezed).toContain(row.replace(/ {2,}/g, " "));
  expect(squeezed).toContain(`| May | ${ROLES.join(" | ")} |`);
});

describe("a team", () => {
  test("default: is an account of its own, custodial, with a deposit address from the start", async () => {
    const { status, body } = await send(api, team.owner, { url: `/api/teams/${team.id}` });
    const [{ owner }] = await api.sql<[{ owner: string }]>`select owner from accounts where account_id = ${team.id}`;
    expect(status).toBe(200);
    expect(owner).toBe(privateKeyToAccount(CUSTODIAN_KEY).address.toLowerCase());
    expect(body).toMatchObject({ name: "Search & <Rescue>", account: { kind: "team", custodial: true } });
    const address = await send(api, team.owner, { url: "/api/deposits/address", account: team.id });
    const own = await send(api, team.owner, { url: "/api/deposits/address" });
    expect(address.status).toBe(200);
    expect(address.body["address"]).not.toBe(own.body["address"]);
  });

  test("default: the header says which account a request is for, and the session which one if there is none", async () => {
    const spendable = async (account?: string) =>
      (await send(api, team.owner, { url: "/api/balance", account })).body["spendable"];
    expect([await spendable(), await spendable(team.id)]).toEqual(["0", "100"]);
    await send(api, team.owner, { method: "POST", url: "/api/me/account", payload: { accountId: team.id } });
    expect([await spendable(), await spendable(team.owner.accountId)]).toEqual(["100", "0"]);
    await send(api, team.owner, {
      method: "POST",
      url: "/api/me/account",
      payload: { accountId: team.owner.accountId },
    });
    const stranger = await newUser(api);
    expect((await send(api, stranger, { url: "/api/balance", account: team.id })).status).toBe(404);
    expect((await send(api, stranger, { url: "/api/balance", account: "acct_nobody" })).status).toBe(404);
  });

  test("behavior: a wallet of the maker's can own it in the contract; one that nobody could sign with can't", async () => {
    const maker = await newUser(api);
    const make = (owner: string) =>
      send(api, maker, { method: "POST", url: "/api/teams", payload: { name: "T", owner } });
    const own = privateKeyToAccount(maker.privateKey).address;
    const made = await make(own);
    expect(made).toMatchObject({ status: 201, body: { account: { owner: own.toLowerCase(), custodial: false } } });
    expect(codeOf(await make(privateKeyToAccount(generatePrivateKey()).address))).toEqual({
      status: 400,
      code: "invalid_input",
    });
    expect(codeOf(await make(api.chain.escrow))).toEqual({ status: 400, code: "invalid_input" });
    // A contract can sign by ERC-1271, as a Safe does.
    const [{ n }] = await api.sql<[{ n: number }]>`
      select count(distinct ref)::int as n from accounts where account_id in (${team.id}, ${String(made.body["id"])})`;
    expect(n).toBe(2);
  });

  test("error: one person makes at most twenty, also all at once", async () => {
    const maker = await newUser(api);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => send(api, maker, { method: "POST", url: "/api/teams", payload: { name: "T" } })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(10);
  });
});

describe("invitations", () => {
  const inviteTo = (payload: object, user: Pick<TestUser, "cookie"> = team.owner) =>
    send(api, user, { method: "POST", url: `/api/teams/${team.id}/invitations`, payload });
  const ownInvitations = async (user: Pick<TestUser, "cookie">) =>
    (await send(api, user, { url: "/api/me/invitations" })).body["invitations"] as Array<{ id: string }>;
  const accept = (user: Pick<TestUser, "cookie">, id: string) =>
    send(api, user, { method: "POST", url: `/api/me/invitations/${id}/accept`, payload: {} });

  test("default: a mailed link leads whoever reads that address into the team, once", async () => {
    const guest = await newEmailUser(api, "Guest@example.com");
    const invited = await inviteTo({ email: "guest@EXAMPLE.com", role: "billing" });
    expect(invited).toMatchObject({ status: 201, body: { link: null } });
    const [mail] = await api.sql<Array<{ path: string; address: string }>>`
      select data->>'path' as path, address from mails where template = 'team_invitation'`;
    const token = mail?.path.split("/").at(-1) ?? "";
    const looked = await send(api, { cookie: "" }, { url: `/api/invitations/${token}` });
    expect(looked).toMatchObject({ status: 200, body: { role: "billing", team: { name: "Search & <Rescue>" } } });
    const [stored] = await api.sql<Array<{ token_hash: Buffer }>>`select token_hash from team_invitations`;
    expect(stored?.token_hash).toEqual(hashSecret(token));
    const [own] = await ownInvitations(guest);
    const answers = await Promise.all(Array.from({ length: 5 }, () => accept(guest, own?.id ?? "")));
    expect(statusesOf(answers)).toEqual([200, 404, 404, 404, 404]);
    expect((await send(api, guest, { url: `/api/teams/${team.id}` })).status).toBe(200);
    expect((await send(api, { cookie: "" }, { url: `/api/invitations/${token}` })).status).toBe(404);
  });

  test("error: nobody else gets in by it, nor after it was revoked, replaced, declined or is over", async () => {
    const guest = await newUser(api);
    const other = await newUser(api);
    const wallet = privateKeyToAccount(guest.privateKey).address;
    const first = await inviteTo({ wallet, role: "member" });
    expect(String(first.body["link"])).toContain("/join/");
    expect((await accept(other, String(first.body["id"]))).status).toBe(404);
    const second = await inviteTo({ wallet, role: "member" });
    expect((await accept(guest, String(first.body["id"]))).status).toBe(404);
    await send(api, guest, { method: "DELETE", url: `/api/me/invitations/${String(second.body["id"])}` });
    expect((await accept(guest, String(second.body["id"]))).status).toBe(404);
    const third = await inviteTo({ wallet, role: "member" });
    await send(api, team.owner, {
      method: "DELETE",
      url: `/api/teams/${team.id}/invitations/${String(third.body["id"])}`,
    });
    expect((await accept(guest, String(third.body["id"]))).status).toBe(404);
    const fourth = await inviteTo({ wallet, role: "member" });
    await api.sql`update team_invitations set expires_at = now() where invitation_id = ${String(fourth.body["id"])}`;
    expect((await accept(guest, String(fourth.body["id"]))).status).toBe(404);
    expect(await ownInvitations(guest)).toEqual([]);
  });

  test("error: an admin who is removed leaves no invitation behind, and no invitation makes an owner", async () => {
    const admin = await join(api, team, "admin");
    const guest = await newUser(api);
    const wallet = privateKeyToAccount(guest.privateKey).address;
    const invited = await inviteTo({ wallet, role: "admin" }, admin);
    expect(invited.status).toBe(201);
    expect((await inviteTo({ wallet, role: "owner" }, admin)).status).toBe(400);
    await send(api, team.owner, { method: "DELETE", url: `/api/teams/${team.id}/members/${admin.userId}` });
    expect((await accept(guest, String(invited.body["id"]))).status).toBe(404);
  });

  test("error: mails are limited by who sends them and by whom they reach", async () => {
    const answers = [];
    for (let n = 0; n < 6; n++) answers.push((await inviteTo({ email: "often@example.com", role: "member" })).status);
    expect(answers).toEqual([201, 201, 201, 201, 201, 429]);
  });
});

describe("members", () => {
  test("behavior: a removed member's keys end at once, his session goes on in his own account", async () => {
    const member = await join(api, team, "member");
    const key = await keyOf(member);
    expect((await chat(key)).statusCode).toBe(200);
    await send(api, member, { method: "POST", url: "/api/me/account", payload: { accountId: team.id } });
    const gone = await send(api, team.owner, {
      method: "DELETE",
      url: `/api/teams/${team.id}/members/${member.userId}`,
    });
    expect(gone.status).toBe(204);
    expect((await chat(key)).statusCode).toBe(401);
    expect((await send(api, member, { url: "/api/balance", account: team.id })).status).toBe(404);
    expect((await send(api, member, { url: "/api/account" })).body).toMatchObject({
      account: { id: member.accountId },
    });
  });

  test("concurrency: a key that is being made while its maker is removed does not outlive him", async () => {
    for (let round = 0; round < 10; round++) {
      const member = await join(api, team, "member");
      await Promise.all([
        ...Array.from({ length: 5 }, () => newKey(member)),
        send(api, team.owner, { method: "DELETE", url: `/api/teams/${team.id}/members/${member.userId}` }),
      ]);
      const living = await api.sql`
        select from api_keys where account_id = ${team.id} and user_id = ${member.userId} and revoked_at is null`;
      expect(living).toHaveLength(0);
    }
  });

  test("behavior: keys can do no more than the role that their maker has now", async () => {
    const member = await join(api, team, "admin");
    const [key, manager] = [await keyOf(member), await keyOf(member, { kind: "management" })];
    const asManager = () => api.app.inject({ url: "/api/keys", headers: { authorization: `Bearer ${manager}` } });
    const give = (role: string) =>
      send(api, team.owner, {
        method: "PATCH",
        url: `/api/teams/${team.id}/members/${member.userId}`,
        payload: { role },
      });
    const seen = async () => (await asManager()).json<{ keys: unknown[] }>().keys.length;
    expect(await seen()).toBeGreaterThan(2);
    await give("member");
    expect([(await chat(key)).statusCode, await seen()]).toEqual([200, 2]);
    await give("billing");
    expect(
      codeOf({
        status: (await chat(key)).statusCode,
        body: (await chat(key)).json<{ error: Record<string, unknown> }>().error,
      }),
    ).toEqual({
      status: 403,
      code: "role_needed",
    });
  });

  test("error: a member sees and changes his own keys only, and nobody gets another's secret", async () => {
    const [one, two] = [await join(api, team, "member"), await join(api, team, "member")];
    const { body: key } = await newKey(one);
    const url = `/api/keys/${String(key["id"])}`;
    const as = (user: Pick<TestUser, "cookie">, method: "GET" | "PATCH" | "DELETE", payload?: object) =>
      send(api, user, { method, url, account: team.id, ...(payload ? { payload } : {}) });
    expect((await as(two, "GET")).status).toBe(404);
    expect((await as(two, "PATCH", { name: "mine" })).status).toBe(404);
    expect((await as(two, "DELETE")).status).toBe(404);
    expect(codeOf(await as(one, "PATCH", { limits: { day: "5" } }))).toEqual({ status: 403, code: "role_needed" });
    expect((await as(one, "PATCH", { name: "renamed" })).status).toBe(200);
    const rotate = { method: "POST", url: `${url}/rotate`, account: team.id, payload: {} } as const;
    expect(codeOf(await send(api, team.owner, rotate))).toEqual({ status: 403, code: "not_your_key" });
    expect((await as(team.owner, "DELETE")).status).toBe(204);
    expect(codeOf(await newKey(one, { kind: "management" }))).toEqual({ status: 403, code: "role_needed" });
  });

  test("behavior: usage knows member, project and key; who is a member sees his own", async () => {
    const [one, two] = [await join(api, team, "member"), await join(api, team, "member")];
    await send(api, team.owner, { method: "POST", url: `/api/teams/${team.id}/projects`, payload: { name: "search" } });
    expect((await newKey(one, { project: "nope" })).status).toBe(404);
    const key = await newKey(one, { project: "search" });
    const answer = await chat(String(key.body["key"]));
    await chat(await keyOf(two));
    const log = async (user: Pick<TestUser, "cookie">, query = "") =>
      (await send(api, user, { url: `/api/usage${query}`, account: team.id })).body["usage"] as Array<
        Record<string, unknown>
      >;
    expect(await log(one)).toMatchObject([{ memberId: one.userId, project: "search", keyId: key.body["id"] }]);
    expect((await log(team.owner, `?memberId=${two.userId}`)).map((row) => row["memberId"])).toEqual([two.userId]);
    expect(await log(team.owner, "?project=search")).toHaveLength(1);
    expect(await log(team.owner, "?project=nope")).toEqual([]);
    const other = await createTeam(api, "Same name, other team");
    await send(api, other.owner, {
      method: "POST",
      url: `/api/teams/${other.id}/projects`,
      payload: { name: "search" },
    });
    const theirs = await send(api, other.owner, { url: "/api/usage?project=search", account: other.id });
    expect(theirs.body["usage"]).toEqual([]);
    const narrowed = await send(api, team.owner, { url: "/api/usage/summary?project=search", account: team.id });
    expect((narrowed.body["total"] as { requests: number }).requests).toBe(1);
    expect(codeOf(await send(api, one, { url: `/api/usage?memberId=${two.userId}`, account: team.id }))).toEqual({
      status: 403,
      code: "role_needed",
    });
    const { body } = await send(api, team.owner, { url: "/api/usage/summary?by=project", account: team.id });
    expect(
      (body["groups"] as Array<{ id: string; requests: number }>).find(({ id }) => id === "search")?.requests,
    ).toBe(1);
    const byMember = await send(api, one, { url: "/api/usage/summary?by=member", account: team.id });
    expect((byMember.body["groups"] as Array<{ id: string }>).map(({ id }) => id)).toEqual([one.userId]);
    const lookup = await api.app.inject({
      url: `/v1/generation?id=${String(answer.headers["x-request-id"])}`,
      headers: { authorization: `Bearer ${await keyOf(two)}` },
    });
    expect(lookup.statusCode).toBe(404);
  });
});

describe("the owner", () => {
  test("default: hands the team over to a member who accepts, and can leave then", async () => {
    const { owner, id } = await createTeam(api, "Handed over");
    const next = await join(api, { id }, "member");
    const leave = () => send(api, owner, { method: "DELETE", url: `/api/teams/${id}/members/${owner.userId}` });
    const accept = () => send(api, next, { method: "POST", url: `/api/teams/${id}/offer/accept`, payload: {} });
    expect(codeOf(await leave())).toEqual({ status: 409, code: "team_state" });
    expect((await accept()).status).toBe(404);
    const offer = () =>
      send(api, owner, { method: "POST", url: `/api/teams/${id}/offer`, payload: { userId: next.userId } });
    expect((await offer()).body).toMatchObject({ offeredTo: next.userId });
    await send(api, next, { method: "DELETE", url: `/api/teams/${id}/offer` });
    expect((await accept()).status).toBe(404);
    await offer();
    const answers = await Promise.all([accept(), accept(), accept()]);
    expect(statusesOf(answers)).toEqual([200, 404, 404]);
    const members = (await send(api, next, { url: `/api/teams/${id}` })).body["members"] as Array<{
      id: string;
      role: string;
    }>;
    expect(members.map(({ id: user, role }) => [user, role])).toEqual([
      [next.userId, "owner"],
      [owner.userId, "admin"],
    ]);
    expect((await leave()).status).toBe(204);
  });

  test("error: no admin takes the owner's role, or takes him out; the database keeps one owner", async () => {
    const admin = await join(api, team, "admin");
    const url = `/api/teams/${team.id}/members/${team.owner.userId}`;
    expect((await send(api, admin, { method: "PATCH", url, payload: { role: "member" } })).status).toBe(409);
    expect((await send(api, admin, { method: "DELETE", url })).status).toBe(409);
    const offer = { method: "POST", url: `/api/teams/${team.id}/offer`, payload: { userId: admin.userId } } as const;
    expect(codeOf(await send(api, admin, offer))).toEqual({ status: 403, code: "role_needed" });
    const self = `/api/teams/${team.id}/members/${admin.userId}`;
    expect((await send(api, admin, { method: "PATCH", url: self, payload: { role: "owner" } })).status).toBe(400);
    const gone = api.sql`delete from account_members where account_id = ${team.id} and role = 'owner'`;
    await expect(gone).rejects.toMatchObject({ code: "23001" });
    const second = api.sql`
      update account_members set role = 'owner' where account_id = ${team.id} and user_id = ${admin.userId}`;
    await expect(second).rejects.toMatchObject({ code: "23505" });
  });
});

describe("budgets", () => {
  test("error: the one that refuses is named, whosever it is", async () => {
    const member = await join(api, team, "member");
    await send(api, team.owner, { method: "POST", url: `/api/teams/${team.id}/projects`, payload: { name: "tight" } });
    const { body: made } = await newKey(member, { project: "tight" });
    const key = String(made["key"]);
    const refusal = async () => (await chat(key)).json<{ error: { code: string; message: string } }>().error;
    const cases = [
      ["key", String(made["id"]), "key “k”"],
      ["project", "tight", "project “tight”"],
      ["member", member.userId, "the member who made this key"],
      ["account", team.id, "this account"],
    ] as const;
    for (const [scope, subjectId, words] of cases) {
      expect((await setLimit(scope, subjectId, "0")).status).toBe(200);
      expect(await refusal()).toMatchObject({ code: "limit_reached", message: expect.stringContaining(words) });
      const url = `/api/limits/${scope}/${subjectId}/total`;
      await send(api, team.owner, { method: "DELETE", url, account: team.id });
    }
    expect((await chat(key)).statusCode).toBe(200);
    expect(codeOf(await setLimit("member", member.userId, "1000", member))).toEqual({
      status: 403,
      code: "role_needed",
    });
    expect((await setLimit("project", "unknown", "1")).status).toBe(404);
  });

  test("behavior: a member sees what binds him, and nothing of the others", async () => {
    const [one, two] = [await join(api, team, "member"), await join(api, team, "member")];
    await setLimit("member", one.userId, "1");
    await setLimit("member", two.userId, "2");
    await newKey(one, { limits: { day: "3" } });
    const { body } = await send(api, one, { url: "/api/limits", account: team.id });
    expect((body["limits"] as Array<{ amount: string }>).map(({ amount }) => amount).toSorted()).toEqual(["1", "3"]);
  });

  test(`concurrency: of ${ASKED_AT_ONCE} requests at once, a member whose budget is enough for one gets one`, async () => {
    const member = await join(api, team, "member");
    const keys = await Promise.all([keyOf(member), keyOf(member), keyOf(member)]);
    const ask = (n: number) => chat(keys[n % keys.length] ?? "");
    const spent = async () => {
      const [row] = await api.sql<[{ spent: bigint }]>`
        select coalesce(sum(cost_nano), 0)::bigint as spent from usage
        where account_id = ${team.id} and user_id = ${member.userId}`;
      return row.spent;
    };
    await setLimit("member", member.userId, "0");
    const refused = (await ask(0)).json<{ error: { message: string } }>().error.message;
    const leastNeeded = /costs at least \$([0-9.]+[0-9])/.exec(refused)?.[1] ?? "";
    await setLimit("member", member.userId, leastNeeded);
    const before = (await readBalance(api.sql, team.id)).spendable;
    const answers = await Promise.all(Array.from({ length: ASKED_AT_ONCE }, (_, n) => ask(n)));
    const statuses = statusesOf(answers.map(({ statusCode: status }) => ({ status })));
    expect(statuses).toEqual([200, ...Array.from({ length: ASKED_AT_ONCE - 1 }, () => 403)]);
    expect(await spent()).toBeLessThanOrEqual(parseUsd(leastNeeded));
    expect(before - (await readBalance(api.sql, team.id)).spendable).toBe(await spent());
    expect(await differences(api.sql)).toEqual([]);
  });
});
