import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { nanoUsd } from "@infr/money";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import type { Sql } from "../../db/types.ts";
import { newId, timeOfId } from "../../ids.ts";
import { testDatabase } from "../../testing/database.ts";
import { readBalance } from "../balance.ts";
import { bookEntries } from "../entries.ts";
import { Batcher } from "./batcher.ts";
import { renewLease } from "./store.ts";

let direct: Sql;
let drop: () => Promise<void>;
let proxied: Sql;
let wire: Awaited<ReturnType<typeof openWire>>;
let batcher: Batcher;

beforeAll(async () => {
  const database = await testDatabase();
  [direct, drop] = [database.sql, database.drop];
  const url = new URL(database.url);
  wire = await openWire(Number(url.port));
  url.port = String(wire.port);
  proxied = openDatabase({ url: url.href, connections: 2 });
  const instanceId = newId("inst");
  await renewLease(direct, { instanceId, leaseMs: 600_000, first: true });
  batcher = new Batcher({ sql: proxied, instanceId });
});
afterAll(async () => {
  await proxied.end({ timeout: 1 });
  await wire.close();
  await drop();
});

/** A wire to PostgreSQL that can be cut: connections die, and new ones are refused. */
async function openWire(target: number) {
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((client) => {
    if (!whole) return client.destroy();
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    return client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      whole = false;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      whole = true;
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

async function fundedAccount(): Promise<string> {
  const accountId = newId("acct");
  const ref = `0x${accountId
    .slice(5)
    .padEnd(64, "0")
    .replaceAll(/[^0-9a-f]/g, "a")}`;
  await direct`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${accountId}, 'personal', ${ref.slice(0, 42)}, ${`0x${"0".repeat(64)}`}, ${ref})`;
  const credit = { book: "credit", account: accountId } as const;
  const entries = [{ debit: { book: "escrow", account: "" } as const, credit, amount: nanoUsd(1_000n) }];
  await direct.begin((tx) => bookEntries(tx, { cause: `deposit:${accountId}`, entries }));
  return accountId;
}

const holdOf = (accountId: string, requestId: string) => ({
  requestId,
  accountId,
  worst: nanoUsd(100n),
  floor: nanoUsd(1n),
  subjects: [],
});

test("while the database is out of reach, captures wait for it and holds are refused and never leak", async () => {
  const accountId = await fundedAccount();
  const requestId = newId("req");
  await batcher.hold(holdOf(accountId, requestId));
  wire.cut();
  const capture = batcher.capture({
    ...holdOf(accountId, requestId),
    startedAt: timeOfId(requestId),
    keyId: null,
    userId: null,
    model: "m",
    nodeId: "n",
    operatorId: "acct_operator",
    priceVersion: `0x${"1".repeat(64)}`,
    tokens: { prompt: 1, cached: 0, completion: 0, reasoning: 0 },
    cost: { prompt: nanoUsd(60n), cached: nanoUsd(0n), completion: nanoUsd(0n), reasoning: nanoUsd(0n) },
    latencyMs: 1,
    status: "ok",
    usageSource: "node",
    receiptSalt: "00".repeat(32),
  });
  const refused = batcher.hold(holdOf(accountId, newId("req")));
  await expect(refused).rejects.toMatchObject({ code: "unavailable", retryable: true });
  wire.mend();
  expect(await capture).toMatchObject({ outcome: "captured" });
  await batcher.drained();
  expect(await readBalance(direct, accountId)).toMatchObject({ spendable: 940n, held: 0n, unsettled: 60n });
});
