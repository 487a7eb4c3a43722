import { accountRef } from "@infr/protocol";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CUSTODIAN_KEY, startApi, type TestApi } from "../testing/api.ts";
import { askForCode, codeFor, newEmailUser, signInWithCode } from "../testing/people.ts";
import { attempt } from "./attempts.ts";

const CUSTODIAN = privateKeyToAccount(CUSTODIAN_KEY).address.toLowerCase() as `0x${string}`;
let api: TestApi;

beforeAll(async () => {
  api = await startApi({
    EMAIL_CODES_PER_HOUR_PER_EMAIL: "4",
    EMAIL_CODES_PER_HOUR_PER_ADDRESS: "500",
    WRONG_EMAIL_CODES_PER_HOUR_PER_ADDRESS: "30",
  });
});
beforeEach(async () => void (await api.sql`delete from attempt_counts`));
afterAll(() => api.stop());

const inject = (method: "GET" | "POST", url: string, payload?: object) =>
  api.app.inject({ method, url, ...(payload ? { payload } : {}) });
const wrong = (code: string) => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10));

describe("sign-in by e-mail", () => {
  test("default: the first time makes a user and an account of the custodian's, the second finds them", async () => {
    const first = await newEmailUser(api, "Ann@Example.com");
    const again = await newEmailUser(api, "ann@example.COM");
    expect(again.accountId).toBe(first.accountId);
    const [account] = await api.sql`select owner, salt, ref from accounts where account_id = ${first.accountId}`;
    expect(account?.["owner"]).toBe(CUSTODIAN);
    expect(account?.["ref"]).toBe(accountRef({ owner: CUSTODIAN, salt: account?.["salt"] }));
    const me = await api.app.inject({ method: "GET", url: "/api/me", headers: { cookie: first.cookie } });
    expect(me.json()).toMatchObject({
      emails: [{ address: "Ann@example.com" }],
      wallets: [],
      accounts: [{ id: first.accountId, role: "owner", custodial: true, current: true }],
    });
  });

  test("behavior: salts are random, so nobody can find an account by its e-mail address", async () => {
    const users = [await newEmailUser(api, "one@example.com"), await newEmailUser(api, "two@example.com")];
    const rows = await api.sql<Array<{ salt: string }>>`
      select salt from accounts where account_id in ${api.sql(users.map(({ accountId }) => accountId))}`;
    expect(new Set(rows.map(({ salt }) => salt)).size).toBe(2);
    for (const { salt } of rows) expect(BigInt(salt)).toBeGreaterThan(2n ** 200n);
  });

  test("behavior: nothing in the answer depends on whether the address is known", async () => {
    await newEmailUser(api, "known@example.com");
    const [known, unknown] = [
      await inject("POST", "/api/auth/email", { email: "known@example.com" }),
      await inject("POST", "/api/auth/email", { email: "unknown@example.com" }),
    ];
    expect([known.statusCode, unknown.statusCode]).toEqual([202, 202]);
    expect(Object.keys(known.json())).toEqual(Object.keys(unknown.json()));
    expect(
      await api.sql`select from users join emails using (user_id) where address = 'unknown@example.com'`,
    ).toHaveLength(0);
  });

  test("behavior: neither code nor challenge is stored", async () => {
    const challenge = await askForCode(api, { email: "hash@example.com" });
    const code = await codeFor(api.sql, "hash@example.com");
    const [row] = await api.sql`select to_jsonb(c)::text as text from email_codes c where address = 'hash@example.com'`;
    expect(row?.["text"]).not.toContain(challenge);
    expect(row?.["text"]).not.toContain(code);
  });

  test("behavior: of twenty at once with one code, one gets in", async () => {
    const challenge = await askForCode(api, { email: "race@example.com" });
    const code = await codeFor(api.sql, "race@example.com");
    const answers = await Promise.all(Array.from({ length: 20 }, () => signInWithCode(api, { challenge, code })));
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
    expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(19);
  });

  test("behavior: two first sign-ins at once by two codes make one user and one account", async () => {
    const proofs = [];
    for (let i = 0; i < 4; i++) {
      const challenge = await askForCode(api, { email: "twice@example.com" });
      proofs.push({ challenge, code: await codeFor(api.sql, "twice@example.com") });
    }
    const answers = await Promise.all(proofs.map((proof) => signInWithCode(api, proof)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map((one) => one.json<{ account: { id: string } }>().account.id)).size).toBe(1);
    expect(await api.sql`select from emails where address = 'twice@example.com'`).toHaveLength(1);
  });

  test("error: a code stands five tries, also at once; then the right one does not count either", async () => {
    const challenge = await askForCode(api, { email: "guess@example.com" });
    const code = await codeFor(api.sql, "guess@example.com");
    const guesses = await Promise.all(
      Array.from({ length: 12 }, () => signInWithCode(api, { challenge, code: wrong(code) })),
    );
    expect(guesses.every(({ statusCode }) => statusCode === 401)).toBe(true);
    const [row] = await api.sql`select attempts from email_codes where address = 'guess@example.com'`;
    expect(row?.["attempts"]).toBe(5);
    const right = await signInWithCode(api, { challenge, code });
    expect(right.json()).toMatchObject({ status: 401, code: "code_refused" });
  });

  test("error: a code does not count with another's challenge, nor after ten minutes, nor for linking", async () => {
    const [mine, theirs] = [
      await askForCode(api, { email: "mine@example.com" }),
      await askForCode(api, { email: "theirs@example.com" }),
    ];
    const code = await codeFor(api.sql, "theirs@example.com");
    expect((await signInWithCode(api, { challenge: mine, code })).statusCode).toBe(401);
    const user = await newEmailUser(api, "linker@example.com");
    const linking = await api.app.inject({
      method: "POST",
      url: "/api/me/emails/verify",
      headers: { cookie: user.cookie },
      payload: { challenge: theirs, code },
    });
    expect(linking.statusCode).toBe(401);
    await api.sql`update email_codes set expires_at = now() - interval '1 second'`;
    expect((await signInWithCode(api, { challenge: theirs, code })).statusCode).toBe(401);
  });

  test("error: an e-mail address gets so many codes in an hour, however many ask at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        inject("POST", "/api/auth/email", { email: i % 2 === 0 ? "many@example.com" : "MANY@example.com" }),
      ),
    );
    expect(answers.filter(({ statusCode }) => statusCode === 202)).toHaveLength(4);
    const refused = answers.find(({ statusCode }) => statusCode === 429);
    expect(refused?.json()).toMatchObject({ code: "too_many_attempts" });
    expect(Number(refused?.headers["retry-after"])).toBeGreaterThan(0);
    expect(await api.sql`select from mails where lower(address) = 'many@example.com'`).toHaveLength(4);
  });

  test("error: after so many wrong codes from one place no more are looked at", async () => {
    const payload = { challenge: "x", code: "00000000" };
    for (let i = 0; i < 30; i++) expect((await inject("POST", "/api/auth/email/verify", payload)).statusCode).toBe(401);
    expect((await inject("POST", "/api/auth/email/verify", payload)).statusCode).toBe(429);
  });

  test("error: limits hold over all processes", async () => {
    const limit = { what: "test", subject: "all", windowSeconds: 3_600, max: 10, words: "tests" };
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => attempt(api.sql, [limit])));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
  });
});

test("error: without a custodian there is no sign-in by e-mail", async () => {
  const { sendCode } = await import("./email-codes.ts");
  const config = { ...api.config, custodianAddress: null };
  await expect(sendCode({ sql: api.sql, config }, { email: "a@example.com", ip: "192.0.2.1" })).rejects.toMatchObject({
    code: "no_email_sign_in",
  });
});
