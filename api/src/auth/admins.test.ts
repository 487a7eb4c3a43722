import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { askForCode, codeFor, signInWithCode } from "../testing/people.ts";
import { NotAdminError, readAdmin } from "./admins.ts";

const KEY = generatePrivateKey();
const adminWallets = [privateKeyToAddress(KEY).toLowerCase()];
const EMAIL = "admin@example.com";
let api: TestApi;
let admin: TestUser;

beforeAll(async () => {
  api = await startApi();
  admin = await newUser(api, KEY);
});
afterAll(() => api.stop());

const tokenOf = (cookie: string) => cookie.replace("infr_session=", "");
const read = (cookie: string) => readAdmin(api.sql, { token: tokenOf(cookie), adminWallets });

test("default: who signed in with an administrator's wallet is one, until the wallet is his no more", async () => {
  expect(await read(admin.cookie)).toMatchObject({ wallet: adminWallets[0] });
  const another = await newUser(api);
  await expect(read(another.cookie)).rejects.toThrow(NotAdminError);
  await api.sql`update wallets set user_id = ${(await readUser(another)).userId} where address = ${adminWallets[0] ?? ""}`;
  await expect(read(admin.cookie)).rejects.toThrow(NotAdminError);
  await api.sql`update wallets set user_id = ${(await readUser(admin)).userId} where address = ${adminWallets[0] ?? ""}`;
});

test("behavior: an administrator's e-mail address lets him in, but not as one", async () => {
  const challenge = await askForCode(api, { email: EMAIL, as: admin.cookie });
  const payload = { challenge, code: await codeFor(api.sql, EMAIL) };
  const headers = { cookie: admin.cookie };
  const linked = await api.app.inject({ method: "POST", url: "/api/me/emails/verify", headers, payload });
  expect(linked.statusCode).toBe(200);
  const again = await askForCode(api, { email: EMAIL });
  const entered = await signInWithCode(api, { challenge: again, code: await codeFor(api.sql, EMAIL) });
  expect(entered.json()).toMatchObject({ account: { id: admin.accountId } });
  await expect(read(`infr_session=${entered.cookies[0]?.value}`)).rejects.toThrow(NotAdminError);
});

async function readUser({ accountId }: TestUser): Promise<{ userId: string }> {
  const [row] = await api.sql<[{ user_id: string }]>`
    select user_id from account_members where account_id = ${accountId} and role = 'owner'`;
  return { userId: row.user_id };
}
