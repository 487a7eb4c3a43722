import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sql } from "../../db/types.ts";
import { testDatabase } from "../../testing/database.ts";
import { eventOf } from "../../testing/on-chain.ts";
import { bookDeposit, reverseDeposit } from "./book-deposit.ts";
import { TRUST } from "./trust.ts";

/** The block is safe. */
const AT_ONCE = { safeBlock: 1n, trust: TRUST };

const ref = `0x${"a".repeat(64)}`;
let sql: Sql;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  await sql`
    insert into accounts (account_id, kind, owner, ref) values ('acct_1', 'personal', ${`0x${"1".repeat(40)}`}, ${ref})`;
  await sql`
    insert into webhook_endpoints (endpoint_id, account_id, url, secret)
    values ('hook_1', 'acct_1', 'https://h.example', 'whsec_x')`;
  await sql`
    insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
    values ('e1', 'deposited', 1, '', 0, '', now(), 'seen')`;
});
afterAll(() => drop());

test("behavior: a deposit, its reversal and its return are told, each once", async () => {
  const data = {
    ref,
    amount: "5000000",
    debt_repaid: "0",
    payer: `0x${"2".repeat(40)}`,
    rail: "0",
    memo: `0x${"0".repeat(64)}`,
  };
  const event = eventOf({ kind: "deposited", eventId: "e1", data });
  await sql.begin((tx) => bookDeposit(tx, event, AT_ONCE));
  await sql.begin((tx) => reverseDeposit(tx, { ...event, times_booked: 1 }));
  await sql.begin((tx) => bookDeposit(tx, { ...event, times_booked: 1 }, AT_ONCE));
  const told = await sql`select type, data from webhook_events order by created_at`;
  expect(told).toMatchObject([
    { type: "deposit.credited", data: { depositId: "e1", amount: "5", debtRepaid: "0", rail: "deposit" } },
    { type: "deposit.reversed", data: { depositId: "e1" } },
    { type: "deposit.credited", data: { depositId: "e1" } },
  ]);
  expect(await sql`select from webhook_deliveries`).toHaveLength(3);
});
