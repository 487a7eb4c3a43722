import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase } from "../testing/database.ts";
import { openDatabase } from "./open.ts";
import type { Sql } from "./types.ts";

// What patches/postgres@3.4.9.patch is for (porsager/postgres issues 1154 and 1208).

/** How a statement is refused whose connection is gone. */
const LOST = expect.stringMatching(/CONNECTION_CLOSED|57P01|ECONNRESET/);

let killer: Sql;
let url: string;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ sql: killer, url, drop } = await testDatabase());
});
afterAll(() => drop());

const kill = (pid: number) => killer`select pg_terminate_backend(${pid})`;

test("behavior: a reserved connection whose backend has died refuses what it is asked", async () => {
  const sql = openDatabase({ url, connections: 2 });
  const reserved = await sql.reserve();
  const [{ pid }] = await reserved<[{ pid: number }]>`select pg_backend_pid() as pid`;
  await kill(pid);
  await expect(reserved`select 1`).rejects.toMatchObject({ code: LOST });
  await expect(reserved`select 1`).rejects.toMatchObject({ code: LOST });
  reserved.release();
  await until(() => sql`select 1`.then(() => true));
  await sql.end({ timeout: 1 });
});

test("behavior: nothing of a transaction whose connection died reaches the next one", async () => {
  const sql = openDatabase({ url, connections: 1 });
  await sql`create table marks (n int)`;
  const { promise: late, resolve } = Promise.withResolvers<unknown>();
  const asked = sql.begin(async (tx) => {
    const [{ pid }] = await tx<[{ pid: number }]>`select pg_backend_pid() as pid`;
    await kill(pid);
    // The pool has but one connection: this one's successor.
    await until(() => sql`select 1`.then(() => true));
    await tx`insert into marks values (1)`.then(resolve, resolve);
  });
  await expect(asked).rejects.toMatchObject({ code: LOST });
  expect(await late).toMatchObject({ code: LOST });
  expect(await sql`select n from marks`).toEqual([]);
  await sql.end({ timeout: 1 });
});

test("behavior: a connection that dies with something to write is opened again and answers", async () => {
  const sql = openDatabase({ url, connections: 1 });
  for (let round = 0; round < 20; round += 1) {
    const [row] = await sql<Array<{ pid: number }>>`select pg_backend_pid() as pid`;
    const killed = kill(row?.pid ?? 0);
    // Small statements wait for the end of a turn before they are written: that is when the connection dies.
    const asked = Array.from({ length: 10 }, (_, n) => afterTurns(n).then(() => sql`select 1`.catch(() => "refused")));
    await killed;
    await Promise.all(asked);
    await until(() => sql`select 1`.then(() => true));
  }
  await sql.end({ timeout: 1 });
});

async function afterTurns(turns: number): Promise<void> {
  for (let n = 0; n < turns * 3; n += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Asks until it is answered: a connection that just died refuses once. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  await expect.poll(() => ask().catch(() => false)).toBe(true);
}
