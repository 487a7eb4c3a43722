import { readdirSync, readFileSync } from "node:fs";
import { creditEscrowAbi } from "@infr/contracts/abi";
import postgres from "postgres";
import { createTestClient, type Hex, http, publicActions, walletActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rpc } from "../../scripts/anvil.ts";
import { waitFor } from "../../scripts/process.ts";
import { startChain, type TestChain } from "../../test/chain.ts";
import { createEmptyDatabase, type TestDatabase } from "../../test/database.ts";
import { startIndexer, type TestIndexer } from "../../test/indexer.ts";
import { type EmittedEvent, emitCall, placeEmitter } from "../../test/log-emitter.ts";
import { random } from "../../test/random.ts";

const ESCROW: Hex = `0x${"e5".repeat(20)}`;
const account = privateKeyToAccount("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const events = creditEscrowAbi.filter((entry) => entry.type === "event");
/** A table is named after its event: `SurplusRefunded` stands in `surplus_refunded`. */
const tableOf = (name: string) => name.replaceAll(/([a-z\d])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3_$2$4").toLowerCase();

let chain: TestChain;
let client: ReturnType<typeof connect>;
let database: TestDatabase;
let indexer: TestIndexer;
let sql: postgres.Sql<{ bigint: bigint }>;

function connect(rpcUrl: string) {
  return createTestClient({ account, chain: foundry, mode: "anvil", transport: http(rpcUrl), pollingInterval: 50 })
    .extend(publicActions)
    .extend(walletActions);
}

beforeAll(async () => {
  chain = await startChain({ blockTime: 3, isMixed: true });
  client = connect(chain.rpcUrl);
  await placeEmitter(chain.rpcUrl, ESCROW);
  database = await createEmptyDatabase();
  sql = postgres(database.url, { max: 2, onnotice: () => {}, types: { bigint: postgres.BigInt } });
  indexer = await start();
});

afterAll(async () => {
  await sql.end();
  await indexer.stop();
  await database.drop();
  await chain.stop();
});

function start(): Promise<TestIndexer> {
  return startIndexer({ databaseUrl: database.url, rpcUrl: chain.rpcUrl, escrow: ESCROW });
}

const numbers = random(5);

/** Any value of a type, the largest now and then: numbers up to 256 bits have to arrive as they are. */
function anyValue(type: string): unknown {
  const hex = (bytes: number): Hex =>
    `0x${Array.from({ length: bytes }, () =>
      Math.floor(numbers() * 256)
        .toString(16)
        .padStart(2, "0"),
    ).join("")}`;
  if (type === "bool") return numbers() < 0.5;
  if (type === "bytes") return hex(9 * Math.floor(numbers() * 4));
  if (type === "address") return hex(20);
  if (type.startsWith("bytes")) return hex(Number(type.slice(5)));
  const bits = BigInt(type.slice(4));
  const value = numbers() < 0.2 ? (1n << bits) - 1n : BigInt(hex(Number(bits / 8n)));
  return bits <= 48n ? Number(value) : value;
}

const anyEvent = (event: (typeof events)[number]): EmittedEvent => ({
  eventName: event.name,
  args: Object.fromEntries(event.inputs.map(({ name, type }) => [name, anyValue(type)])),
});

async function emit(emitted: EmittedEvent[]) {
  const hash = await client.sendTransaction({ to: ESCROW, data: emitCall(creditEscrowAbi, emitted), gas: 8_000_000n });
  return client.waitForTransactionReceipt({ hash, checkReplacement: false });
}

const PLACE = ["id", "chain_id", "block_number", "block_hash", "block_timestamp", "log_index"].concat(
  "transaction_hash",
  "transaction_from",
);

async function rowsOf(table: string): Promise<Array<Record<string, unknown>>> {
  const found = await sql<Array<{ row: Record<string, unknown> }>>`
    select jsonb_object_agg(e.key, e.value #>> '{}') as row
    from indexer.${sql(table)} t, jsonb_each(to_jsonb(t)) e group by t.id, t.block_number, t.log_index
    order by t.block_number, t.log_index`;
  return found.map(({ row }) => row);
}

/** What an event said, or a row says, whatever its columns are called. */
const saying = (values: unknown[]) => values.map((value) => String(value).toLowerCase()).sort();

/** One hash over all rows of all tables, ordered by key. */
async function hashOfRows(): Promise<string> {
  const hashes: string[] = [];
  for (const { name } of events) {
    const [row] = await sql<[{ hash: string }]>`
      select md5(coalesce(string_agg(to_jsonb(t)::text, ',' order by t.id), '')) as hash from indexer.${sql(tableOf(name))} t`;
    hashes.push(`${name} ${row.hash}`);
  }
  return hashes.join("\n");
}

async function waitForRows(count: number): Promise<void> {
  await waitFor({
    what: `${count} rows`,
    timeoutMs: 30_000,
    check: async () => {
      const counts = await Promise.all(
        events.map(({ name }) => sql<[{ n: number }]>`select count(*)::int as n from indexer.${sql(tableOf(name))}`),
      );
      return counts.reduce((sum, [row]) => sum + row.n, 0) === count;
    },
  });
}

test("every event of both parts behind the address has its handler and its table", async () => {
  const folder = new URL("../src/", import.meta.url);
  const sources = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  const code = sources.map((file) => readFileSync(new URL(file, folder), "utf8")).join("");
  const handled = [...code.matchAll(/ponder\.on\("CreditEscrow:(\w+)"/g)].map(([, name]) => name);
  expect(handled.toSorted((a = "", b = "") => a.localeCompare(b))).toEqual(
    events.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b)),
  );
  const tables = await sql<Array<{ name: string }>>`
    select table_name as name from information_schema.views
    where table_schema = 'indexer' and table_name not like '\\_%' order by 1`;
  expect(tables.map(({ name }) => name)).toEqual(events.map(({ name }) => tableOf(name)).sort());
});

test("every event becomes a row that says all of it, nothing in a row changes, and block 0 leads to the same rows", async () => {
  const all = Array.from({ length: 4 }, () => events.map(anyEvent));
  for (const round of all) await emit(round);
  await waitForRows(4 * events.length);
  for (const { name } of events) {
    const said = all.flat().filter(({ eventName }) => eventName === name);
    const rows = await rowsOf(tableOf(name));
    expect(
      rows.map((row) => saying(Object.keys(row).flatMap((key) => (PLACE.includes(key) ? [] : [row[key]])))),
    ).toEqual(said.map(({ args }) => saying(Object.values(args))));
  }

  const before = await hashOfRows();
  const lost = await emit(events.map(anyEvent));
  await waitForRows(5 * events.length);
  const head = await client.getBlockNumber({ cacheTime: 0 });
  await rpc(chain.rpcUrl, "anvil_reorg", [Number(head - lost.blockNumber) + 1, []]);
  await waitForRows(4 * events.length);
  expect(await hashOfRows()).toBe(before);
  await emit(events.map(anyEvent));
  await waitForRows(5 * events.length);

  const hash = await hashOfRows();
  await indexer.kill();
  for (const { name } of await sql`select nspname as name from pg_namespace where nspname like 'indexer%'`)
    await sql`drop schema ${sql(String(name))} cascade`;
  indexer = await start();
  await waitForRows(5 * events.length);
  expect(await hashOfRows()).toBe(hash);
});
