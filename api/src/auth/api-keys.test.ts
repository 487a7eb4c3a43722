import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sql } from "../db/types.ts";
import { newId } from "../ids.ts";
import { testDatabase } from "../testing/database.ts";
import { type Guard, KeyRing } from "./api-keys.ts";
import { hashSecret } from "./tokens.ts";

let sql: Sql;
let drop: () => Promise<void>;
let counted: Sql;
let statements = 0;

beforeAll(async () => {
  const database = await testDatabase();
  ({ sql, drop } = database);
  counted = postgres(database.url, {
    max: 4,
    types: { bigint: postgres.BigInt },
    debug: () => {
      statements += 1;
    },
  });
});
afterAll(async () => {
  await counted.end();
  await drop();
});

const open: Guard = { check: () => Promise.resolve(), failed: () => Promise.resolve() };

async function newKey(): Promise<{ keyId: string; authorization: string }> {
  const [userId, keyId, secret] = [newId("user"), newId("key"), `sk-infr-${newId("key")}`];
  await sql`insert into users (user_id) values (${userId})`;
  await sql`insert into account_members (account_id, user_id, role) values ('acct_platform', ${userId}, 'member')`;
  await sql`
    insert into api_keys (key_id, account_id, user_id, name, prefix, key_hash, last_used_at)
    values (${keyId}, 'acct_platform', ${userId}, 'test', 'sk-infr', ${hashSecret(secret)}, now())`;
  return { keyId, authorization: `Bearer ${secret}` };
}

test("behavior: a burst of requests with one key is one question to the database", async () => {
  const { keyId, authorization } = await newKey();
  const ring = new KeyRing(counted);
  await counted`select 1`;
  statements = 0;
  const owners = await Promise.all(Array.from({ length: 200 }, () => ring.authenticate(authorization, open)));
  expect(new Set(owners.map((owner) => owner.keyId))).toEqual(new Set([keyId]));
  expect(statements).toBe(1);
});

test("behavior: what was being read when the key was changed is given to nobody who comes later", async () => {
  const { keyId, authorization } = await newKey();
  const ring = new KeyRing(sql);
  const before = ring.authenticate(authorization, open);
  await sql`update api_keys set revoked_at = now() where key_id = ${keyId}`;
  ring.forget(keyId);
  await before.catch(() => {});
  await expect(ring.authenticate(authorization, open)).rejects.toMatchObject({ code: "invalid_api_key" });
});
