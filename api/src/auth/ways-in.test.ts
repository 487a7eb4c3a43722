import { accountRef } from "@infr/protocol";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../ids.ts";
import { newUser, startApi, type TestApi } from "../testing/api.ts";
import { askForCode, codeFor, newEmailUser } from "../testing/people.ts";

type Me = {
  id: string;
  wallets: Array<{ address: string }>;
  emails: Array<{ id: string; address: string }>;
  accounts: Array<{ id: string; custodial: boolean; current: boolean }>;
};
type Cookie = { cookie: string };
let api: TestApi;

beforeAll(async () => {
  api = await startApi({ EMAIL_CODES_PER_HOUR_PER_ADDRESS: "500" });
});
afterAll(() => api.stop());

const inject = (method: "GET" | "POST" | "DELETE", url: string, { as, payload }: { as: Cookie; payload?: object }) =>
  api.app.inject({ method, url, headers: { cookie: as.cookie }, ...(payload ? { payload } : {}) });
const me = async (as: Cookie) => (await inject("GET", "/api/me", { as })).json<Me>();
const addressOf = (key: `0x${string}`) => privateKeyToAccount(key).address.toLowerCase();

async function linkWallet(as: Cookie, key: `0x${string}`) {
  const { nonce } = (await inject("POST", "/api/auth/nonce", { as })).json<{ nonce: string }>();
  return inject("POST", "/api/me/wallets", { as, payload: await api.signMessage(key, { nonce }) });
}

async function linkEmail(as: Cookie, email: string) {
  const challenge = await askForCode(api, { email, as: as.cookie });
  const code = await codeFor(api.sql, email);
  return inject("POST", "/api/me/emails/verify", { as, payload: { challenge, code } });
}

describe("link", () => {
  test("default: signing in by any wallet or e-mail address gives the same user and account", async () => {
    const ann = await newEmailUser(api, "ann@example.com");
    const key = generatePrivateKey();
    expect((await linkWallet(ann, key)).statusCode).toBe(200);
    expect((await linkEmail(ann, "ann@work.example")).statusCode).toBe(200);
    const { id } = await me(ann);
    const others = [await newUser(api, key), await newEmailUser(api, "Ann@Work.example")];
    for (const other of others) {
      expect(other.accountId).toBe(ann.accountId);
      expect((await me(other)).id).toBe(id);
    }
    expect((await me(ann)).wallets.map(({ address }) => address)).toEqual([addressOf(key)]);
  });

  test("behavior: an account that the wallet owned in the contract already is the user's, too", async () => {
    const key = generatePrivateKey();
    const owner = addressOf(key) as `0x${string}`;
    const unclaimed = newId("acct");
    await api.sql`
      insert into accounts (account_id, kind, owner, ref)
      values (${unclaimed}, 'personal', ${owner}, ${accountRef({ owner })})`;
    const user = await newEmailUser(api, "owner@example.com");
    await linkWallet(user, key);
    expect((await me(user)).accounts.map((one) => [one.id, one.custodial, one.current])).toEqual([
      [user.accountId, true, true],
      [unclaimed, false, false],
    ]);
    const switched = await inject("POST", "/api/me/account", { as: user, payload: { accountId: unclaimed } });
    expect(switched.json()).toMatchObject({ account: { id: unclaimed, custodial: false } });
    expect((await inject("GET", "/api/account", { as: user })).json()).toMatchObject({ account: { id: unclaimed } });
  });

  test("behavior: a wallet whose account went to somebody else gets another one", async () => {
    const wallet = await newUser(api);
    const bob = await newUser(api);
    const [bobs] = await api.sql`select user_id from account_members where account_id = ${bob.accountId}`;
    await api.sql`update account_members set user_id = ${bobs?.["user_id"]} where account_id = ${wallet.accountId}`;
    const again = await newUser(api, wallet.privateKey);
    expect(again.accountId).not.toBe(wallet.accountId);
    expect((await newUser(api, wallet.privateKey)).accountId).toBe(again.accountId);
  });

  test("behavior: repeating it changes nothing, and tells once", async () => {
    const user = await newEmailUser(api, "again@example.com");
    const key = generatePrivateKey();
    await linkWallet(user, key);
    expect((await linkWallet(user, key)).statusCode).toBe(200);
    expect((await me(user)).wallets).toHaveLength(1);
    expect(
      await api.sql`select from mails where address = 'again@example.com' and template = 'way_in_changed'`,
    ).toHaveLength(1);
  });

  test("behavior: of two users who link one wallet at once, one gets it", async () => {
    const key = generatePrivateKey();
    const users = [await newEmailUser(api, "left@example.com"), await newEmailUser(api, "right@example.com")];
    const answers = await Promise.all(users.map((user) => linkWallet(user, key)));
    expect(answers.map(({ statusCode }) => statusCode).sort((a, b) => a - b)).toEqual([200, 409]);
    expect(answers.find(({ statusCode }) => statusCode === 409)?.json()).toMatchObject({ code: "address_taken" });
  });

  test("behavior: linking and first signing in by one wallet at once leave it with one user", async () => {
    const key = generatePrivateKey();
    const user = await newEmailUser(api, "both@example.com");
    const [linked] = await Promise.all([linkWallet(user, key), newUser(api, key)]);
    const found = await api.sql`select user_id from wallets where address = ${addressOf(key)}`;
    expect(found).toHaveLength(1);
    expect(linked.statusCode).toBe(found[0]?.["user_id"] === (await me(user)).id ? 200 : 409);
  });

  test("error: an e-mail address of another user is refused once it is proved, and the code still counts", async () => {
    await newEmailUser(api, "taken@example.com");
    const other = await newUser(api);
    const answer = await linkEmail(other, "Taken@example.com");
    expect(answer.json()).toMatchObject({ status: 409, code: "address_taken" });
    expect((await me(other)).emails).toEqual([]);
  });

  test("error: a signature for signing in is good once", async () => {
    const user = await newEmailUser(api, "once@example.com");
    const { nonce } = (await inject("POST", "/api/auth/nonce", { as: user })).json<{ nonce: string }>();
    const payload = await api.signMessage(generatePrivateKey(), { nonce });
    expect((await inject("POST", "/api/me/wallets", { as: user, payload })).statusCode).toBe(200);
    expect((await inject("POST", "/api/me/wallets", { as: user, payload })).statusCode).toBe(401);
  });
});

describe("unlink", () => {
  const emailId = async (as: Cookie, n = 0) => (await me(as)).emails[n]?.id ?? "";

  test("default: what was unlinked leads to a new user, and sessions that it may have opened are ended", async () => {
    const user = await newEmailUser(api, "leaves@example.com");
    const key = generatePrivateKey();
    await linkWallet(user, key);
    const elsewhere = await newUser(api, key);
    const answer = await inject("DELETE", `/api/me/wallets/${addressOf(key)}`, { as: user });
    expect(answer.statusCode).toBe(204);
    expect((await inject("GET", "/api/me", { as: elsewhere })).statusCode).toBe(401);
    expect((await inject("GET", "/api/me", { as: user })).statusCode).toBe(200);
    expect((await newUser(api, key)).accountId).not.toBe(user.accountId);
  });

  test("behavior: who loses an e-mail address is told there too", async () => {
    const user = await newEmailUser(api, "old@example.com");
    await linkEmail(user, "new@example.com");
    expect((await inject("DELETE", `/api/me/emails/${await emailId(user)}`, { as: user })).statusCode).toBe(204);
    const told = await api.sql<Array<{ address: string }>>`
      select address from mails where template = 'way_in_changed' and data->>'how' = 'removed'
        and address in ('old@example.com', 'new@example.com') order by address`;
    expect(told.map(({ address }) => address)).toEqual(["new@example.com", "old@example.com"]);
  });

  test("error: never the last way in, also when two are unlinked at once", async () => {
    const user = await newEmailUser(api, "last@example.com");
    await linkEmail(user, "second@example.com");
    const ids = (await me(user)).emails.map(({ id }) => id);
    const answers = await Promise.all(ids.map((id) => inject("DELETE", `/api/me/emails/${id}`, { as: user })));
    expect(answers.map(({ statusCode }) => statusCode).sort((a, b) => a - b)).toEqual([204, 409]);
    expect((await me(user)).emails).toHaveLength(1);
  });

  test("error: never the wallet that owns an account in the contract", async () => {
    const user = await newUser(api);
    await linkEmail(user, "backup@example.com");
    const answer = await inject("DELETE", `/api/me/wallets/${addressOf(user.privateKey)}`, { as: user });
    expect(answer.json()).toMatchObject({ status: 409, code: "last_way_in" });
    expect((await me(user)).wallets).toHaveLength(1);
  });

  test("error: what is somebody else's does not exist", async () => {
    const [user, other] = [await newEmailUser(api, "u@example.com"), await newUser(api)];
    const answers = [
      await inject("DELETE", `/api/me/emails/${await emailId(user)}`, { as: other }),
      await inject("DELETE", `/api/me/wallets/${addressOf(other.privateKey)}`, { as: user }),
      await inject("POST", "/api/me/account", { as: user, payload: { accountId: other.accountId } }),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404]);
  });
});
