import { nanoUsd } from "@infr/money";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChainEvent } from "../../chain/events-store.ts";
import type { Sql } from "../../db/types.ts";
import { readBalance } from "../../ledger/balance.ts";
import { bookEntries } from "../../ledger/entries.ts";
import { bookBalance, differences } from "../../ledger/store.ts";
import { testDatabase } from "../../testing/database.ts";
import { bookConversion, bookExit, reverseCredit } from "./book-credit.ts";

const ACCOUNT = "acct_operator";
const REF = `0x${"a".repeat(64)}`;
let sql: Sql;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  await sql`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${ACCOUNT}, 'personal', ${`0x${"b".repeat(40)}`}, ${`0x${"0".repeat(64)}`}, ${REF})`;
  await book("earned", [
    { debit: { book: "escrow", account: "" }, credit: { book: "earnings", account: ACCOUNT }, amount: nanoUsd(9_000n) },
  ]);
  await book("owed", [
    {
      debit: { book: "debt", account: ACCOUNT },
      credit: { book: "debt_claim", account: "acct_platform" },
      amount: nanoUsd(2_000n),
    },
  ]);
});
afterAll(() => drop());

const book = (cause: string, entries: Parameters<typeof bookEntries>[1]["entries"]) =>
  sql.begin((tx) => bookEntries(tx, { cause, entries }));

const eventOf = (kind: ChainEvent["kind"], data: Record<string, string>): ChainEvent => ({
  event_id: `1:${kind}:0`,
  kind,
  block_number: 1n,
  block_hash: "",
  log_index: 0,
  transaction_hash: "",
  happened_at: new Date(),
  times_booked: 0,
  data: { ref: REF, ...data },
});

test("earnings become credit, after repaying debt; a reorganisation takes it back; an exit takes credit out", async () => {
  const conversion = eventOf("earnings_converted", { amount: "5", debt_repaid: "2" });
  await sql.begin((tx) => bookConversion(tx, conversion));
  expect(await readBalance(sql, ACCOUNT)).toMatchObject({ onChain: 3_000n, debt: 0n });
  expect((await readBalance(sql, "acct_platform")).onChain).toBe(2_000n);
  expect(await bookBalance(sql, { book: "earnings", account: ACCOUNT })).toBe(-4_000n);

  await sql.begin((tx) => reverseCredit(tx, { ...conversion, times_booked: 1 }));
  expect(await readBalance(sql, ACCOUNT)).toMatchObject({ onChain: 0n, debt: 2_000n });

  await sql.begin((tx) => bookConversion(tx, { ...conversion, times_booked: 1 }));
  await sql.begin((tx) => bookExit(tx, eventOf("exited", { amount: "3" })));
  expect(await readBalance(sql, ACCOUNT)).toMatchObject({ onChain: 0n, debt: 0n });
  expect(await bookBalance(sql, { book: "escrow" })).toBe(6_000n);
  expect(await differences(sql)).toEqual([]);
});
