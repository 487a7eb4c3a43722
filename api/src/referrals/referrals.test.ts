import { accountRef } from "@infr/protocol";
import { type Hex, toHex } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../ids.ts";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { askForCode, codeFor, newEmailUser } from "../testing/people.ts";

type Referrals = {
  link: string;
  code: string;
  count: number;
  gross: string;
  earned: string;
  paid: string;
  people: Array<{ id: string; endedAt: string | null; gross: string; earned: string }>;
};
let api: TestApi;

beforeAll(async () => {
  api = await startApi({ REFERRAL_DAYS: "30" });
});
afterAll(() => api.stop());

const referralsOf = async ({ cookie }: { cookie: string }) =>
  (await api.app.inject({ method: "GET", url: "/api/referrals", headers: { cookie } })).json<Referrals>();

/** Follows a link in a browser that has these cookies. @returns the cookie that it keeps, if any */
async function follow(code: string, cookie = ""): Promise<string | null> {
  const answer = await api.app.inject({
    method: "POST",
    url: "/api/referrals/visits",
    headers: { cookie },
    payload: { code },
  });
  expect(answer.statusCode).toBe(204);
  const [kept] = answer.cookies;
  return kept === undefined ? null : `${kept.name}=${kept.value}`;
}

/** Signs in with a wallet, in a browser that has these cookies. @returns the account */
async function signUp(cookie: string, privateKey: Hex = generatePrivateKey()): Promise<string> {
  const { nonce } = (await api.app.inject({ method: "POST", url: "/api/auth/nonce" })).json<{ nonce: string }>();
  const payload = await api.signMessage(privateKey, { nonce });
  const answer = await api.app.inject({ method: "POST", url: "/api/auth/verify", headers: { cookie }, payload });
  return answer.json<{ account: { id: string } }>().account.id;
}

const referrerOf = async (accountId: string): Promise<string | null> => {
  const [row] = await api.sql<Array<{ referrer_id: string }>>`
    select referrer_id from referrals where account_id = ${accountId}`;
  return row?.referrer_id ?? null;
};
const touch = async (referrer: TestUser | { cookie: string }) =>
  (await follow((await referralsOf(referrer)).code)) ?? "";

/** An account that nobody has signed in to yet: only what the tables say of it. */
async function newAccount(): Promise<string> {
  const accountId = newId("acct");
  const owner = toHex(BigInt(Math.trunc(Math.random() * 2 ** 48)), { size: 20 });
  await api.sql`
    insert into accounts (account_id, kind, owner, ref) values (${accountId}, 'personal', ${owner}, ${accountRef({ owner })})`;
  return accountId;
}
const refer = (accountId: string, referrer: string) =>
  api.sql`insert into referrals (account_id, referrer_id) values (${accountId}, ${referrer})`;
const refused = (work: PromiseLike<unknown>) =>
  expect(work).rejects.toMatchObject({ constraint_name: "referrals_are_honest" });
const userOf = async (accountId: string): Promise<string> => {
  const [row] = await api.sql<
    [{ user_id: string }]
  >`select user_id from account_members where account_id = ${accountId}`;
  return row.user_id;
};

describe("sign-up through a link", () => {
  test("default: whoever signs up has a referrer for ever, by wallet and by e-mail", async () => {
    const ann = await newUser(api);
    const { link, code } = await referralsOf(ann);
    expect(link).toBe(`${api.config.publicUrl.origin}/r/${code}`);
    const bob = await signUp(await touch(ann));
    expect(await referrerOf(bob)).toBe(ann.accountId);

    const challenge = await askForCode(api, { email: "eve@example.com" });
    const payload = { challenge, code: await codeFor(api.sql, "eve@example.com") };
    const headers = { cookie: await touch(ann) };
    const answer = await api.app.inject({ method: "POST", url: "/api/auth/email/verify", headers, payload });
    expect(await referrerOf(answer.json<{ account: { id: string } }>().account.id)).toBe(ann.accountId);
    const seen = await referralsOf(ann);
    expect(seen).toMatchObject({ count: 2, gross: "0", earned: "0", paid: "0" });
    expect(JSON.stringify(seen)).not.toContain(bob);
  });

  test("behavior: the first link counts, and a sign-in is no sign-up", async () => {
    const [ann, bob] = [await newUser(api), await newUser(api)];
    const first = await touch(ann);
    expect(await follow((await referralsOf(bob)).code, first)).toBeNull();
    const key = generatePrivateKey();
    const carl = await signUp(first, key);
    await signUp(await touch(bob), key);
    expect(await referrerOf(carl)).toBe(ann.accountId);
    const dora = await newUser(api);
    await signUp(await touch(ann), dora.privateKey);
    expect(await referrerOf(dora.accountId)).toBeNull();
  });

  test("behavior: nobody's link, one from before the window or from the future brings nobody", async () => {
    const { code } = await referralsOf(await newUser(api));
    expect(await follow("0123456789abcdef")).toBeNull();
    const day = 86_400_000;
    for (const at of [Date.now() - 31 * day, Date.now() + day]) {
      expect(await referrerOf(await signUp(`infr_ref=${code}.${at}`))).toBeNull();
    }
    for (const nonsense of ["", code, `${code}.1`, `' or 1=1 --.${Date.now()}`, `0123456789abcdef.${Date.now()}`]) {
      expect(await referrerOf(await signUp(`infr_ref=${encodeURIComponent(nonsense)}`))).toBeNull();
    }
    expect(await referrerOf(await signUp(`infr_ref=${code}.${Date.now() - 29 * day}`))).not.toBeNull();
  });

  test("behavior: whoever is signed in keeps no link", async () => {
    const ann = await newUser(api);
    expect(await follow((await referralsOf(ann)).code, ann.cookie)).toBeNull();
  });

  test("behavior: of many sign-ins at once through several links, one counts", async () => {
    const referrers = await Promise.all(Array.from({ length: 4 }, () => newUser(api)));
    const touches = await Promise.all(referrers.map(touch));
    const key = generatePrivateKey();
    const accounts = await Promise.all([...touches, ...touches, ...touches].map((cookie) => signUp(cookie, key)));
    expect(new Set(accounts).size).toBe(1);
    expect(await api.sql`select from referrals where account_id = ${accounts[0] ?? ""}`).toHaveLength(1);
  });
});

describe("self-dealing", () => {
  test("error: the same account, user, wallet, mailbox or card is behind both", async () => {
    const [ann, bob] = [await newAccount(), await newAccount()];
    await refused(refer(ann, ann));
    const user = await userOf((await newUser(api)).accountId);
    const marks = [
      api.sql`insert into account_members (account_id, user_id, role) values (${ann}, ${user}, 'owner'), (${bob}, ${user}, 'member')`,
      api.sql`insert into card_fingerprints (account_id, fingerprint) values (${ann}, 'card'), (${bob}, 'card')`,
    ];
    for (const mark of marks) {
      await mark;
      await refused(refer(ann, bob));
      await api.sql`delete from account_members where account_id in (${ann}, ${bob})`;
    }
    await api.sql`delete from card_fingerprints`;
    await refer(ann, bob);
  });

  test("error: spellings of one mailbox", async () => {
    const one = await newEmailUser(api, "John.Doe@gmail.com");
    for (const email of ["johndoe+x@googlemail.com", "JohnDoe+two@gmail.com"])
      await refused(refer((await newEmailUser(api, email)).accountId, one.accountId));
    await refer((await newEmailUser(api, "johndoe@example.com")).accountId, one.accountId);
    const dotted = await newEmailUser(api, "john.doe@example.com");
    await refer(dotted.accountId, one.accountId);
  });

  test("error: circles of any length, and none is closed by two at once", async () => {
    const accounts = await Promise.all(Array.from({ length: 5 }, newAccount));
    const [first = "", ...rest] = accounts;
    let above = first;
    for (const account of rest) {
      await refer(account, above);
      above = account;
    }
    await refused(refer(first, above));
    for (let round = 0; round < 10; round += 1) {
      const [a = "", b = "", c = ""] = await Promise.all(Array.from({ length: 3 }, newAccount));
      const outcomes = await Promise.allSettled([refer(a, b), refer(b, c), refer(c, a)]);
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    }
  });

  test("error: nobody gets another referrer, and none is taken away", async () => {
    const [a, b, c] = [await newAccount(), await newAccount(), await newAccount()];
    await refer(a, b);
    for (const change of [
      api.sql`update referrals set referrer_id = ${c} where account_id = ${a}`,
      api.sql`delete from referrals where account_id = ${a}`,
      api.sql`update referrals set touched_at = now() where account_id = ${a}`,
    ])
      await expect(change).rejects.toMatchObject({ code: "23001" });
  });

  test("behavior: a sign-up whose link turns out to be one's own goes through, without a referrer", async () => {
    const ann = await newEmailUser(api, "ann.self@gmail.com");
    const cookie = await touch(ann);
    const challenge = await askForCode(api, { email: "annself@gmail.com" });
    const payload = { challenge, code: await codeFor(api.sql, "annself@gmail.com") };
    const answer = await api.app.inject({
      method: "POST",
      url: "/api/auth/email/verify",
      headers: { cookie },
      payload,
    });
    expect(answer.statusCode).toBe(200);
    expect(await referrerOf(answer.json<{ account: { id: string } }>().account.id)).toBeNull();
  });
});
