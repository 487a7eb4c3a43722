import { nanoUsd, parseUsd } from "@infr/money";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sql } from "../db/types.ts";
import { NotFoundError } from "../errors.ts";
import { newId } from "../ids.ts";
import { readBalance } from "../ledger/balance.ts";
import { testDatabase } from "../testing/database.ts";
import { readStatement, type Statement } from "./statement.ts";
import { statementCsv } from "./statement-csv.ts";
import { statementPdf } from "./statement-pdf.ts";

const MONTHS = ["2026-08", "2026-09", "2026-10", "2026-11"];
const NOW = new Date("2026-12-02T00:00:00Z");

let sql: Sql;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
});
afterAll(() => drop());

async function newAccount(): Promise<string> {
  const accountId = newId("acct");
  const hex = Buffer.from(accountId).toString("hex").padEnd(64, "0").slice(-64);
  await sql`
    insert into accounts (account_id, kind, owner, salt, ref, created_at)
    values (${accountId}, 'personal', ${`0x${hex.slice(24)}`}, ${`0x${"0".repeat(64)}`}, ${`0x${hex}`}, '2026-08-15')`;
  return accountId;
}

/** What may happen to an account; `side` is its own book, debit or credit, and the other side is the platform's or nobody's. */
const MOVES = {
  deposit: { cause: "deposit", debit: "escrow", credit: "credit", own: "credit" },
  grant: { cause: "grant", debit: "grants", credit: "funded", own: "credit" },
  expire: { cause: "expire", debit: "funded", credit: "grants", own: "debit" },
  capture: { cause: "capture", debit: "usage", credit: "unsettled", own: "debit" },
  settle: { cause: "settle", debit: "credit", credit: "usage", own: "both" },
  reversed: { cause: "reverse:deposit", debit: "credit", credit: "escrow", own: "debit" },
  paidOut: { cause: "payout", debit: "earnings", credit: "escrow", own: "debit" },
  earned: { cause: "settle", debit: "unsettled", credit: "earnings", own: "credit" },
} as const;
type Move = { kind: keyof typeof MOVES; month: number; day: number; amount: bigint };

/** Books moves upon what keeps the balance's cache above zero, whatever order they come in. */
async function book(accountId: string, moves: Move[]): Promise<void> {
  const first: Move = { kind: "deposit", month: 0, day: 16, amount: 10n ** 15n };
  const opened: Move[] = [first, { ...first, kind: "grant" }, { ...first, kind: "earned" }];
  await record(accountId, [...opened, { ...first, kind: "capture" }, ...moves]);
}

async function record(accountId: string, moves: Move[]): Promise<void> {
  for (const { kind, month, day, amount } of moves) {
    const { cause, debit, credit, own } = MOVES[kind];
    const at = new Date(`${MONTHS[month]}-${String(day).padStart(2, "0")}T12:00:00Z`);
    const [debited, credited] = [
      own === "credit" ? "acct_platform" : accountId,
      own === "debit" ? "acct_platform" : accountId,
    ];
    await sql`
      insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano, booked_at)
      values (${`${cause}:${newId("tx")}`}, 1, ${debit}, ${debited}, ${credit}, ${credited}, ${amount}, ${at})`;
  }
}

const read = (accountId: string, month: string) =>
  readStatement(sql, { accountId, month, now: NOW, cursor: undefined, limit: 10 });

const moves = fc.array(
  fc.record({
    kind: fc.constantFrom(...(Object.keys(MOVES) as Array<keyof typeof MOVES>)),
    month: fc.integer({ min: 1, max: 3 }),
    day: fc.integer({ min: 1, max: 30 }),
    amount: fc.bigInt({ min: 1n, max: 10n ** 13n }),
  }),
  { maxLength: 30 },
);

describe("readStatement", () => {
  test("default: opening + movements = closing, a month opens with what the last closed with, and the last is the balance", async () => {
    const property = fc.asyncProperty(moves, async (list) => {
      const accountId = await newAccount();
      await book(accountId, list);
      const statements: Statement[] = [];
      for (const month of MONTHS) statements.push(await read(accountId, month));
      let [balance, earnings] = [nanoUsd(0n), nanoUsd(0n)];
      for (const { opening, movements, closing, earnings: earned, entries } of statements) {
        expect(opening).toBe(balance);
        expect(earned.opening).toBe(earnings);
        const moved = Object.values(movements).reduce((sum, amount) => sum + amount, 0n);
        expect(opening + moved).toBe(closing);
        expect(entries.reduce((sum, { amount }) => sum + amount, movements.usage as bigint)).toBe(moved);
        expect(earned.opening + earned.earned + earned.paidOut + earned.converted).toBe(earned.closing);
        [balance, earnings] = [closing, earned.closing];
      }
      const now = await readBalance(sql, accountId);
      expect(balance).toBe(now.onChain - now.debt - now.unsettled + now.funded);
    });
    await fc.assert(property, { numRuns: 25 });
  });

  test("behavior: it adds up while the month goes on, however much is booked meanwhile", async () => {
    const accountId = await newAccount();
    await book(accountId, []);
    const move = (kind: keyof typeof MOVES, index: number): Move => ({
      kind,
      month: 3,
      day: 1 + (index % 28),
      amount: BigInt(index + 1),
    });
    const kinds = ["deposit", "settle", "expire", "earned", "paidOut"] as const;
    const booking = new AbortController();
    const bookers = Promise.all(
      kinds.map((kind) =>
        record(
          accountId,
          Array.from({ length: 100 }, (_, index) => move(kind, index)),
        ),
      ),
    ).finally(() => booking.abort());
    const closings = new Set<bigint>();
    while (!booking.signal.aborted) {
      const { opening, movements, closing } = await read(accountId, "2026-11");
      expect(Object.values(movements).reduce((sum, amount) => sum + amount, opening as bigint)).toBe(closing);
      closings.add(closing);
    }
    await bookers;
    expect(closings.size).toBeGreaterThan(1);
  });

  test("error: NotFoundError for a month before the account, after now, or of nobody", async () => {
    const accountId = await newAccount();
    for (const month of ["2026-07", "2027-01"]) await expect(read(accountId, month)).rejects.toThrow(NotFoundError);
    await expect(read("acct_nobody", "2026-11")).rejects.toThrow(NotFoundError);
  });
});

describe("statementCsv", () => {
  test("default: what stands between the balances adds up to the closing one", async () => {
    const accountId = await newAccount();
    await book(accountId, [
      { kind: "settle", month: 1, day: 3, amount: 5n },
      { kind: "deposit", month: 1, day: 4, amount: 5_000_000_001n },
      { kind: "expire", month: 1, day: 5, amount: 7n },
    ]);
    const statement = await read(accountId, "2026-09");
    const [head, ...rows] = statementCsv(statement).trimEnd().split("\r\n");
    expect(head).toBe("time,kind,reference,requests,amount_usd");
    const amounts = rows.map((row) => parseUsd(row.split(",").at(-1) ?? ""));
    expect(amounts.slice(0, -1).reduce((sum, amount) => sum + amount, 0n)).toBe(amounts.at(-1));
    expect(amounts.at(-1)).toBe(statement.closing);
  });

  test("behavior: a model's name is quoted, and no formula", async () => {
    const statement = await read(await newAccount(), "2026-11");
    const byModel = [{ id: '=1+1,"x"', name: null, requests: 1, cost: nanoUsd(3n) }];
    const usage = { ...statement.usage, byModel };
    expect(statementCsv({ ...statement, usage })).toContain(',usage,"\'=1+1,""x""",1,-0.000000003\r\n');
  });
});

describe("statementPdf", () => {
  test("default: the same statement gives the same document, however many entries there are", async () => {
    const statement = await read(await newAccount(), "2026-11");
    const entry = { time: NOW, kind: "deposit", cause: "deposit:x", amount: nanoUsd(1n) } as const;
    const long = { ...statement, entries: Array.from({ length: 300 }, () => entry) };
    const pdf = await statementPdf(long, "https://infr.example");
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
    expect(pdf.equals(await statementPdf(long, "https://infr.example"))).toBe(true);
    expect(pdf.length).toBeGreaterThan((await statementPdf(statement, "https://infr.example")).length);
  });
});
