import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sql } from "../../db/types.ts";
import { testDatabase } from "../../testing/database.ts";
import { rowsLiteral, textsLiteral } from "./row-literal.ts";

let sql: Sql;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
});
afterAll(() => drop());

/** What PostgreSQL can keep in a text: all of Unicode but NUL and halves of surrogate pairs. */
const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
const nasty = fc.constantFrom(
  "",
  " ",
  "NULL",
  "null",
  '"',
  "\\",
  "(),{}",
  '\\"',
  "a b",
  "'; drop table usage; --",
  "\n\t\r",
);
const texts = fc.oneof(text, nasty);

test("property: PostgreSQL reads back what was written, null and empty apart", async () => {
  const row = fc.record({
    request_id: texts,
    account_id: fc.option(texts),
    worst_nano: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    floor_nano: fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })),
    subjects: fc.array(texts),
    paid_only: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 5 }), async (rows) => {
      const literal = rowsLiteral(
        rows.map((one) => [
          one.request_id,
          one.account_id,
          one.worst_nano,
          one.floor_nano,
          textsLiteral(one.subjects),
          one.paid_only,
        ]),
      );
      const read = await sql`select * from unnest(${literal}::text::hold_request[])`;
      expect([...read]).toEqual(rows);
    }),
    { numRuns: 200 },
  );
});

test("behavior: a moment is kept to the millisecond", async () => {
  const at = new Date("2026-11-21T10:11:12.345Z");
  const fields = [
    "req_1",
    "acct_1",
    at,
    null,
    null,
    "m",
    "n",
    "o",
    "p",
    1,
    0,
    0,
    0,
    1n,
    0n,
    0n,
    0n,
    5,
    "ok",
    "node",
    null,
    "ab",
  ];
  const [row] = await sql<[{ started_at: Date; key_id: null; reported_tokens: null }]>`
    select * from unnest(${rowsLiteral([fields])}::text::capture_request[])`;
  expect(row).toMatchObject({ started_at: at, key_id: null, reported_tokens: null });
});
