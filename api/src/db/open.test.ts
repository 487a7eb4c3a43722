import { afterAll, beforeAll, expect, test } from "vitest";
import { FaultProxy } from "../../../test/faults/proxy.ts";
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

test("default: the server lets go within a minute of a client that has vanished without a word", async () => {
  const sql = openDatabase({ url, connections: 1 });
  const names = ["tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout"];
  const watched = [...names, "client_connection_check_interval", "idle_in_transaction_session_timeout"];
  const rows = await sql<Array<{ name: string; setting: string }>>`
    select name, setting from pg_settings where name in ${sql(watched)}`;
  const { tcp_keepalives_idle: idle, ...rest } = Object.fromEntries(rows.map((row) => [row.name, Number(row.setting)]));
  expect((idle ?? 0) + (rest["tcp_keepalives_interval"] ?? 0) * (rest["tcp_keepalives_count"] ?? 0)).toBe(25);
  expect(rest).toMatchObject({
    tcp_user_timeout: 30_000,
    client_connection_check_interval: 10_000,
    idle_in_transaction_session_timeout: 60_000,
  });
  await sql.end({ timeout: 1 });
});

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

test("behavior: a transaction that is begun behind a full pipeline has its connection for itself", async () => {
  const sql = openDatabase({ url, connections: 2 });
  await sql`create table begun (n int)`;
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const opened = await Promise.all([sql.reserve(), sql.reserve()]);
  for (const connection of opened) connection.release();
  const first = sql.begin(() => over);
  // The driver sends a hundred statements ahead on the other connection; the hundredth is the begin.
  const ahead = Array.from({ length: 100 }, () => sql`select 1`.execute());
  const begun = sql.begin((tx) => tx`insert into begun values (1)`);
  const behind = Array.from({ length: 50 }, () => sql`insert into begun values (2)`.execute());
  await Promise.all([...ahead, begun, ...behind]);
  end();
  await first;
  await sql.end({ timeout: 1 });
  const [counted] = await killer`select count(*)::int as n from begun`;
  expect(counted).toEqual({ n: 51 });
});

test("behavior: who waits for a connection of his own while the only one dies is given its successor", async () => {
  const sql = openDatabase({ url, connections: 1 });
  const first = await sql.reserve();
  const [{ pid }] = await first<[{ pid: number }]>`select pg_backend_pid() as pid`;
  const waiting = sql.reserve();
  await kill(pid);
  const second = await waiting;
  const [{ pid: other }] = await second<[{ pid: number }]>`select pg_backend_pid() as pid`;
  expect(other).not.toBe(pid);
  second.release();
  await sql.end({ timeout: 1 });
});

test("behavior: who was refused a connection of his own does not take one away later", async () => {
  const { port } = new URL(url);
  const proxy = await FaultProxy.start(() => Number(port));
  const sql = openDatabase({ url: url.replace(`:${port}/`, `:${proxy.port}/`), connections: 2 });
  proxy.setMode({ kind: "refuse" });
  for (let n = 0; n < 3; n += 1) await expect(sql.reserve()).rejects.toMatchObject({ code: LOST });
  proxy.heal();
  for (let n = 0; n < 8; n += 1) await until(() => sql`select 1`.then(() => true));
  const [one, other] = await Promise.all([sql.reserve(), sql.reserve()]);
  expect(await Promise.all([one`select 1 as n`, other`select 2 as n`])).toEqual([[{ n: 1 }], [{ n: 2 }]]);
  one.release();
  other.release();
  await sql.end({ timeout: 1 });
  await proxy.stop();
});

test("behavior: a server that comes back after many have asked in vain is asked again within a second", async () => {
  const { port } = new URL(url);
  const proxy = await FaultProxy.start(() => Number(port));
  const sql = openDatabase({ url: url.replace(`:${port}/`, `:${proxy.port}/`), connections: 4 });
  proxy.setMode({ kind: "refuse" });
  for (let n = 0; n < 4; n += 1)
    await Promise.all([1, 2, 3].map(() => expect(sql`select 1`).rejects.toMatchObject({ code: LOST })));
  proxy.heal();
  await expect.poll(() => sql`select 1 as n`, { timeout: 5_000 }).toEqual([{ n: 1 }]);
  await sql.end({ timeout: 1 });
  await proxy.stop();
});

async function afterTurns(turns: number): Promise<void> {
  for (let n = 0; n < turns * 3; n += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Asks until it is answered: a connection that just died refuses once. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  await expect.poll(() => ask().catch(() => false), { timeout: 5_000 }).toBe(true);
}
