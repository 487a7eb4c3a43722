import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../ids.ts";
import { bookBalance, differences } from "../ledger/store.ts";
import { newUser, registerNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { coverLots } from "../testing/lots.ts";

const DOLLAR = 1_000_000_000n;
const [FIRST, SECOND, THIRD] = [generatePrivateKey(), generatePrivateKey(), generatePrivateKey()];
let api: TestApi;
let ann: TestUser;
let bob: TestUser;
let eve: TestUser;
let user: TestUser;

beforeAll(async () => {
  const wallets = [FIRST, SECOND, THIRD].map((key) => privateKeyToAddress(key));
  api = await startApi({ ADMIN_WALLETS: wallets.join(",") });
  [ann, bob, eve, user] = [
    await newUser(api, FIRST),
    await newUser(api, SECOND),
    await newUser(api, THIRD),
    await newUser(api),
  ];
  await coverLots(api.sql, 1_000n * DOLLAR);
});
afterAll(() => api.stop());
afterEach(async () => {
  expect(await differences(api.sql)).toEqual([]);
});

type Method = "GET" | "POST" | "PUT" | "DELETE";
/** What routes of administrators answer, one with the other. */
type Body = {
  id: string;
  state: string;
  code: string;
  frozen: string | null;
  acts: Array<{ act: string; subjectId: string }>;
  adjustments: object[];
  operators: object[];
};
async function call(as: TestUser, route: string, payload?: object) {
  const [method, url] = route.split(" ") as [Method, string];
  const answer = await api.app.inject({ method, url, headers: { cookie: as.cookie }, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: (answer.body === "" ? {} : answer.json()) as Body };
}
const actsOn = async (subjectId: string) =>
  (await call(ann, `GET /api/admin/acts?subjectId=${subjectId}`)).body.acts.map(({ act }) => act);

const REASON = "Agreed with the customer, ticket 17.";
const creditOf = (accountId: string, amount = "2.5") => ({ cause: newId("adjust"), reason: REASON, accountId, amount });
async function propose(as: TestUser, payload: object): Promise<string> {
  const { status, body } = await call(as, "POST /api/admin/adjustments", payload);
  expect(status).toBe(201);
  return body.id;
}
const decide = (as: TestUser, id: string, verb: "approve" | "reject") =>
  call(as, `POST /api/admin/adjustments/${id}/${verb}`);
const fundedOf = async (accountId: string) =>
  (await api.sql<[{ n: bigint }]>`select funded_nano as n from balances where account_id = ${accountId}`)[0].n;

describe("adjustments", () => {
  test("default: one proposes, another approves, and it is booked once, by its cause", async () => {
    const before = await fundedOf(user.accountId);
    const wanted = creditOf(user.accountId);
    const id = await propose(ann, wanted);
    expect(await propose(ann, wanted)).toBe(id);
    expect(await fundedOf(user.accountId)).toBe(before);
    expect((await decide(ann, id, "approve")).body).toMatchObject({ code: "two_persons" });
    const answers = await Promise.all([bob, eve, bob, eve, bob, eve].map((admin) => decide(admin, id, "approve")));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409, 409, 409]);
    expect(await fundedOf(user.accountId)).toBe(before + (5n * DOLLAR) / 2n);
    expect(await actsOn(id)).toEqual(["approve_adjustment", "propose_adjustment"]);
    const { body } = await call(ann, "GET /api/admin/adjustments?limit=1");
    expect(body.adjustments).toMatchObject([{ id, state: "approved", amount: "2.5" }]);
  });

  test("default: a correction between books of the platform", async () => {
    const before = await bookBalance(api.sql, { book: "card_losses" });
    const correction = { cause: newId("adjust"), reason: REASON, amount: "1.25", debit: "card_losses", credit: "card" };
    const id = await propose(bob, correction);
    expect((await decide(ann, id, "approve")).status).toBe(200);
    expect((await bookBalance(api.sql, { book: "card_losses" })) - before).toBe((5n * DOLLAR) / 4n);
    const entries =
      await api.sql`select debit_book, credit_book, amount_nano from entries where cause = ${`adjust:${id}`}`;
    expect(entries).toEqual([{ debit_book: "card_losses", credit_book: "card", amount_nano: (5n * DOLLAR) / 4n }]);
  });

  test("behavior: of approving and rejecting at once one counts", async () => {
    for (let round = 0; round < 5; round += 1) {
      const before = await fundedOf(user.accountId);
      const id = await propose(ann, creditOf(user.accountId, "1"));
      const answers = await Promise.all([
        decide(bob, id, "approve"),
        decide(ann, id, "reject"),
        decide(eve, id, "reject"),
      ]);
      const done = answers.filter(({ status }) => status === 200);
      expect(done).toHaveLength(1);
      const isApproved = done[0]?.body.state === "approved";
      expect((await fundedOf(user.accountId)) - before).toBe(isApproved ? DOLLAR : 0n);
    }
  });

  test("error: nobody gives to an account of his own, and nothing is given that account 1 does not cover", async () => {
    expect((await call(ann, "POST /api/admin/adjustments", creditOf(ann.accountId))).body).toMatchObject({
      code: "two_persons",
    });
    const id = await propose(ann, creditOf(bob.accountId));
    expect((await decide(bob, id, "approve")).body).toMatchObject({ code: "two_persons" });
    expect((await decide(eve, id, "approve")).status).toBe(200);
    const large = await propose(ann, creditOf(user.accountId, "1000000"));
    expect((await decide(bob, large, "approve")).body).toMatchObject({ code: "funding_not_covered" });
    expect((await decide(bob, large, "reject")).body).toMatchObject({ state: "rejected" });
  });

  test("error: what is not one thing or the other, another thing under a cause, an unknown account", async () => {
    const wanted = creditOf(user.accountId);
    await propose(ann, wanted);
    expect((await call(ann, "POST /api/admin/adjustments", { ...wanted, amount: "3" })).status).toBe(409);
    for (const wrong of [
      { debit: "card" },
      { accountId: undefined },
      { amount: "0" },
      { accountId: "acct_platform" },
    ]) {
      const { status } = await call(ann, "POST /api/admin/adjustments", { ...creditOf(user.accountId), ...wrong });
      expect([400, 404]).toContain(status);
    }
  });

  test("error: the database refuses one person, a second approval, and a change of what was proposed", async () => {
    const id = await propose(ann, creditOf(user.accountId));
    const { sql } = api;
    const [row] = await sql<[{ proposed_by: string }]>`select proposed_by from adjustments where adjustment_id = ${id}`;
    const approve = (by: string) => sql`
      update adjustments set state = 'approved', decided_by = ${by}, decided_at = now() where adjustment_id = ${id}`;
    await expect(approve(row.proposed_by)).rejects.toMatchObject({ constraint_name: "adjustments_need_two_persons" });
    const [other] = await sql<[{ user_id: string }]>`
      select user_id from account_members where account_id = ${bob.accountId}`;
    // Approved and not booked.
    await expect(approve(other.user_id)).rejects.toMatchObject({ constraint_name: "adjustments_are_booked" });
    await expect(
      sql`update adjustments set amount_nano = amount_nano * 2 where adjustment_id = ${id}`,
    ).rejects.toMatchObject({ code: "23001" });
    await expect(sql`delete from adjustments where adjustment_id = ${id}`).rejects.toMatchObject({ code: "23001" });
    // Booked and not approved.
    await expect(
      sql`select grant_lot(${newId("lot")}, ${user.accountId}, 'enterprise', ${`adjust:${id}`}, 2500000000, 80::smallint, null, now())`,
    ).rejects.toMatchObject({ constraint_name: "adjustments_need_two_persons" });
    expect((await decide(bob, id, "approve")).status).toBe(200);
    await expect(approve(other.user_id)).rejects.toMatchObject({ code: "23001" });
  });
});

describe("freezing an account", () => {
  const freeze = (accountId: string, reason = "Asked by the police") =>
    call(ann, `PUT /api/admin/accounts/${accountId}/freeze`, { reason });

  test("default: it neither gives nor gets credit, its keys stop, and it can go on again", async () => {
    const frozen = await newUser(api);
    expect((await freeze(frozen.accountId)).body).toMatchObject({ frozen: "Asked by the police" });
    await freeze(frozen.accountId);
    const key = { authorization: `Bearer ${frozen.key}` };
    const credits = () => api.app.inject({ method: "GET", url: "/v1/credits", headers: key });
    expect((await credits()).statusCode).toBe(403);
    const given = await api.app.inject({
      method: "POST",
      url: "/api/transfers",
      headers: { cookie: user.cookie, "idempotency-key": newId("transfer") },
      payload: { to: { account: frozen.accountId }, amount: "1" },
    });
    expect(given.statusCode).toBeGreaterThanOrEqual(400);
    const { body } = await call(ann, `DELETE /api/admin/accounts/${frozen.accountId}/freeze`);
    expect(body.frozen).toBeNull();
    expect((await credits()).statusCode).toBe(200);
    expect(await actsOn(frozen.accountId)).toEqual(["unfreeze", "freeze"]);
  });

  test("error: an unknown account, and the platform's own", async () => {
    expect((await freeze("acct_nobody")).status).toBe(404);
    expect((await freeze("acct_platform")).status).toBe(404);
    expect((await call(ann, "GET /api/admin/accounts/acct_platform")).status).toBe(404);
  });
});

describe("the log", () => {
  test("behavior: every administrative act is a row, and none can be changed", async () => {
    const count = async () => (await api.sql<[{ n: number }]>`select count(*)::int as n from admin_acts`)[0].n;
    const node = await registerNode(api, user, { url: api.node.url, models: ["demo/small"] });
    expect(node.id).toMatch(/^node_/);
    const id = await propose(ann, creditOf(user.accountId));
    const grant = { accountId: user.accountId, kind: "enterprise", amount: "0.01", cause: newId("lot") };
    const { body: lot } = await call(ann, "POST /api/admin/grants", grant);
    const acts: Array<[string, object?]> = [
      ["POST /api/admin/adjustments", creditOf(user.accountId)],
      [`POST /api/admin/adjustments/${id}/reject`],
      ["POST /api/admin/grants", { ...grant, cause: newId("lot") }],
      [`DELETE /api/admin/grants/${lot.id}`],
      [`PUT /api/admin/accounts/${user.accountId}/freeze`, { reason: "a look at it" }],
      [`DELETE /api/admin/accounts/${user.accountId}/freeze`],
      [`PUT /api/admin/operators/${user.accountId}/standing`, { standing: "low", reason: "many complaints" }],
    ];
    for (const [route, payload] of acts) {
      const before = await count();
      expect((await call(bob, route, payload)).status).toBeLessThan(300);
      expect(await count()).toBe(before + 1);
    }
    await expect(api.sql`update admin_acts set act = 'nothing'`).rejects.toMatchObject({ code: "23001" });
    await expect(api.sql`delete from admin_acts`).rejects.toMatchObject({ code: "23001" });
    const { body } = await call(ann, "GET /api/admin/acts?limit=2");
    expect(body.acts).toHaveLength(2);
  });

  test("behavior: operators are listed with their standing, the overview has what needs an eye", async () => {
    const { body } = await call(ann, "GET /api/admin/operators");
    expect(body.operators).toContainEqual(
      expect.objectContaining({ accountId: user.accountId, nodes: 1, standing: "low", settled: "0" }),
    );
    const overview = await call(ann, "GET /api/admin/overview");
    expect(overview.body).toMatchObject({ reconciliation: null, suspense: [] });
    expect((await call(user, "GET /api/admin/overview")).status).toBe(403);
  });
});
