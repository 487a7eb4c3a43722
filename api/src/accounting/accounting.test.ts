import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseUsd } from "@infr/money";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Queryable, Sql } from "../db/types.ts";
import { newId, PLATFORM_ACCOUNT } from "../ids.ts";
import { readBalance } from "../ledger/balance.ts";
import { testDatabase } from "../testing/database.ts";
import { readAccounts } from "./accounts.ts";
import { readPeriod } from "./period.ts";
import { readTrialBalance } from "./trial-balance.ts";

const LEDGER = fileURLToPath(new URL("../../scripts/ledger.ts", import.meta.url));
const MONTHS = ["2026-09", "2026-10", "2026-11"];
const ACCOUNTS = ["acct_a", "acct_b"];
const PLATFORM = PLATFORM_ACCOUNT;

let sql: Sql;
let url: string;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ sql, url, drop } = await testDatabase());
  for (const [index, account] of ACCOUNTS.entries()) {
    await sql`
      insert into accounts (account_id, kind, owner, salt, ref)
      values (${account}, 'personal', ${`0x${String(index).repeat(40)}`}, ${`0x${"0".repeat(64)}`}, ${`0x${String(index).repeat(64)}`})`;
  }
});
afterAll(() => drop());

type Side = readonly [book: string, holder: "account" | "platform" | "contract"];
/** What the ledger books, as the steps of the flow book it. */
const MOVES: Record<string, { cause: string; debit: Side; credit: Side }> = {
  deposit: { cause: "deposit", debit: ["escrow", "contract"], credit: ["credit", "account"] },
  capture: { cause: "capture", debit: ["usage", "account"], credit: ["unsettled", "account"] },
  funded: { cause: "capture", debit: ["usage", "platform"], credit: ["unsettled", "account"] },
  settled: { cause: "settle", debit: ["credit", "account"], credit: ["usage", "account"] },
  earned: { cause: "settle", debit: ["unsettled", "account"], credit: ["earnings", "account"] },
  share: { cause: "settle", debit: ["unsettled", "account"], credit: ["earnings", "platform"] },
  undone: { cause: "reverse:settle", debit: ["earnings", "platform"], credit: ["unsettled", "account"] },
  grant: { cause: "grant", debit: ["grants", "platform"], credit: ["funded", "account"] },
  expire: { cause: "expire", debit: ["funded", "account"], credit: ["grants", "platform"] },
  payout: { cause: "payout", debit: ["earnings", "account"], credit: ["escrow", "contract"] },
  sale: { cause: "card", debit: ["card", "platform"], credit: ["card_sales", "platform"] },
  takenBack: { cause: "card", debit: ["card_sales", "platform"], credit: ["card", "platform"] },
  lostSale: { cause: "card", debit: ["card_losses", "platform"], credit: ["card_sales", "platform"] },
  loss: { cause: "settle", debit: ["written_off", "account"], credit: ["debt_claim", "platform"] },
};
type Move = { kind: string; account: number; month: number; day: number; amount: bigint };

/** Balances start high enough to stay above zero whatever comes. */
const OPENING: Move[] = ["deposit", "capture", "grant"].flatMap((kind) =>
  ACCOUNTS.map((_, account) => ({ kind, account, month: 0, day: 1, amount: 10n ** 15n })),
);

/** Books moves, looks at the books, and takes everything back: entries are never deleted. */
async function withBooks(moves: Move[], look: (tx: Queryable) => Promise<void>): Promise<void> {
  const undo = new Error("taken back");
  const work = sql.begin(async (tx) => {
    await book(tx, moves);
    await look(tx);
    throw undo;
  });
  await work.catch((error: unknown) => {
    if (error !== undo) throw error;
  });
}

async function book(tx: Queryable, moves: Move[]): Promise<void> {
  for (const { kind, account, month, day, amount } of [...OPENING, ...moves]) {
    const { cause, debit, credit } = MOVES[kind] as (typeof MOVES)[string];
    const holders = { account: ACCOUNTS[account] ?? "", platform: PLATFORM, contract: "" };
    const at = new Date(`${MONTHS[month]}-${String(day).padStart(2, "0")}T23:59:59.999Z`);
    await tx`
      insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano, booked_at)
      values (${`${cause}:${newId("tx")}`}, 1, ${debit[0]}, ${holders[debit[1]]}, ${credit[0]}, ${holders[credit[1]]}, ${amount}, ${at})`;
  }
}

const moves = fc.array(
  fc.record({
    kind: fc.constantFrom(...Object.keys(MOVES)),
    account: fc.nat({ max: 1 }),
    month: fc.nat({ max: 2 }),
    day: fc.integer({ min: 1, max: 30 }),
    amount: fc.bigInt({ min: 1n, max: 10n ** 12n }),
  }),
  { maxLength: 40 },
);

describe("readTrialBalance", () => {
  test("default: it sums to zero, its ends are the balances, and months add up to the whole", async () => {
    const property = fc.asyncProperty(moves, (list) => withBooks(list, checkTrialBalances));
    await fc.assert(property, { numRuns: 20 });
  });

  async function checkTrialBalances(tx: Queryable): Promise<void> {
    const whole = await readTrialBalance(tx, readPeriod(undefined));
    expect(whole.total).toMatchObject({ opening: 0n, closing: 0n });
    expect(whole.total.debits).toBe(whole.total.credits);
    const ends = new Map<string, bigint>();
    const moved = new Map<string, bigint>();
    for (const month of MONTHS) {
      const { rows, total } = await readTrialBalance(tx, readPeriod(month));
      expect(total).toMatchObject({ opening: 0n, closing: 0n, debits: total.credits });
      for (const { book, holder, opening, debits, credits, closing } of rows) {
        const name = `${book} ${holder}`;
        expect(opening).toBe(ends.get(name) ?? 0n);
        expect(opening + debits - credits).toBe(closing);
        ends.set(name, closing);
        moved.set(name, (moved.get(name) ?? 0n) + debits - credits);
      }
    }
    for (const { book, holder, closing } of whole.rows) expect(moved.get(`${book} ${holder}`)).toBe(closing);
    const own = await Promise.all(ACCOUNTS.map((account) => readBalance(tx, account)));
    const sum = (name: "onChain" | "unsettled" | "funded") => own.reduce((total, each) => total + each[name], 0n);
    const closing = (book: string) => whole.rows.find((row) => row.book === book && row.holder === "accounts")?.closing;
    expect({ credit: closing("credit"), usage: closing("usage"), funded: closing("funded") }).toEqual({
      credit: -sum("onChain"),
      usage: sum("unsettled"),
      funded: -sum("funded"),
    });
  }
});

describe("readAccounts", () => {
  test("default: every figure is what was booked for it", async () => {
    const of = (kind: string, amount: bigint): Move => ({ kind, account: 0, month: 2, day: 30, amount });
    const list = [
      of("deposit", 500n),
      of("capture", 100n),
      of("funded", 30n),
      of("settled", 60n),
      of("earned", 48n),
      of("share", 12n),
      of("undone", 2n),
      of("expire", 7n),
      of("payout", 40n),
      of("loss", 3n),
      of("sale", 30n),
      of("takenBack", 10n),
      of("lostSale", 5n),
    ];
    await withBooks(list, checkFigures);
  });

  async function checkFigures(tx: Queryable): Promise<void> {
    const { opening, closing, results } = await readAccounts(tx, readPeriod("2026-11"));
    expect(results).toEqual({
      grossUsage: 130n,
      platformRevenue: 10n,
      promotionalUsage: 30n,
      breakage: 7n,
      writtenOff: 3n,
      cardSales: 25n,
      cardLosses: 5n,
      deposits: 500n,
      paidOut: 40n,
    });
    const change = (name: keyof typeof closing) => closing[name] - opening[name];
    expect(change("deferredRevenue")).toBe(400n); // 500 came in, 100 were used, whether settled or not
    expect(change("fundedCredit")).toBe(-7n);
    expect(change("cardReceipts")).toBe(20n);
    expect(change("unusedCreditLiability")).toBe(393n);
    expect(change("operatorPayableSettled")).toBe(8n);
    expect(change("operatorPayableAccrued")).toBe(57n); // 80 % of 72, rounded down
    expect(change("usdcHeld")).toBe(460n);
  }

  test("behavior: months add up to the whole, and each opens with what the last closed with", async () => {
    const property = fc.asyncProperty(moves, (list) => withBooks(list, checkMonths));
    await fc.assert(property, { numRuns: 20 });
  });

  async function checkMonths(tx: Queryable): Promise<void> {
    const whole = await readAccounts(tx, readPeriod(undefined));
    const reports = await Promise.all(MONTHS.map((month) => readAccounts(tx, readPeriod(month))));
    for (const [name, amount] of Object.entries(whole.results)) {
      const sum = reports.reduce((total, { results }) => total + results[name as keyof typeof results], 0n);
      expect({ name, sum }).toEqual({ name, sum: amount });
    }
    expect(reports.at(-1)?.closing).toEqual(whole.closing);
    for (const [index, { opening }] of reports.entries()) {
      if (index > 0) expect(opening).toEqual(reports[index - 1]?.closing);
    }
  }
});

describe("pnpm ledger", () => {
  const ledger = async (...words: string[]) => {
    const env = { ...process.env, DATABASE_URL: url };
    return promisify(execFile)(process.execPath, [LEDGER, ...words], { env });
  };

  test("default: trial balance and accounts as text, CSV and JSON", async () => {
    await book(sql, []);
    const csv = (await ledger("trial-balance", "--month", "2026-09", "--format", "csv")).stdout.trim().split("\r\n");
    expect(csv[0]).toBe("book,holder,opening,debits,credits,closing");
    expect(csv.at(-1)).toMatch(/^total,,0,(\d+),\1,0$/);
    const closings = csv.slice(1, -1).map((row) => parseUsd(row.split(",").at(-1) ?? ""));
    expect(closings.reduce((sum, amount) => sum + amount, 0n)).toBe(0n);
    const json = JSON.parse((await ledger("accounts", "--format", "json")).stdout) as Array<Record<string, string>>;
    expect(json.find(({ account }) => account === "usdcHeld")).toMatchObject({ closing: "2000000" });
    expect((await ledger("accounts", "--month", "2026-09")).stdout).toMatch(/^deferredRevenue +0 +0 +0$/m);
  });

  test.each([["--month", "2026-13"], ["--format", "xml"], ["--bogus"]])(
    "error: %s %s ends with 2",
    async (...words) => {
      await expect(ledger("trial-balance", ...words)).rejects.toMatchObject({ code: 2 });
    },
  );
});
