import OpenAI from "openai";
import { zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { CUSTODIAN_KEY, type TestUser } from "../../api/src/testing/api.ts";
import { newEmailUser } from "../../api/src/testing/people.ts";
import { send } from "../../api/src/testing/teams.ts";
import type { PayoutWorld } from "../payout-world.ts";

const DEPOSIT = 30_000_000n;
export const custodian = privateKeyToAccount(CUSTODIAN_KEY);

type Reader = TestUser & { userId: string; address: `0x${string}`; email: string };

/** Somebody who signed in by e-mail: the custodian owns his account, until he takes it over with a wallet that he has linked. */
export async function openWithoutWallet(world: PayoutWorld, n: number): Promise<Reader> {
  const { api, call, escrow } = world;
  const email = `reader${n}@example.com`;
  const user = await newEmailUser(api, email);
  const [account] = await api.sql<[{ salt: `0x${string}`; user_id: string }]>`
    select salt, user_id from accounts join account_members using (account_id) where account_id = ${user.accountId}`;
  const args = [custodian.address, account.salt, DEPOSIT, zeroHash];
  await call({ ...escrow, functionName: "depositFor", args });
  const { body } = await send(api, user, { method: "POST", url: "/api/keys", payload: { name: "test" } });
  const key = String(body["key"]);
  const openai = new OpenAI({ baseURL: `${api.origin}/v1`, apiKey: key, maxRetries: 0 });
  const privateKey = generatePrivateKey();
  const nonce = String((await send(api, user, { method: "POST", url: "/api/auth/nonce" })).body["nonce"]);
  const payload = await api.signMessage(privateKey, { nonce });
  await send(api, user, { method: "POST", url: "/api/me/wallets", payload });
  const { address } = privateKeyToAccount(privateKey);
  return { ...user, userId: account.user_id, key, openai, privateKey, address };
}
