import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { nanoUsd } from "@infr/money";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Sql } from "../db/types.ts";
import { testDatabase } from "../testing/database.ts";
import { CHECKS } from "./checks-store.ts";
import { bookEntries } from "./entries.ts";
import { setLimit } from "./limits.ts";

const ACCOUNT = "acct_checked";
let sql: Sql;
let url: string;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ sql, url, drop } = await testDatabase());
  await sql`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${ACCOUNT}, 'personal', ${`0x${"a".repeat(40)}`}, ${`0x${"0".repeat(64)}`}, ${`0x${"a".repeat(64)}`})`;
  const credit = { book: "credit", account: ACCOUNT } as const;
  const entries = [{ debit: { book: "escrow", account: "" } as const, credit, amount: nanoUsd(1_000n) }];
  await sql.begin((tx) => bookEntries(tx, { cause: "deposit:checked", entries }));
  await setLimit(sql, {
    accountId: ACCOUNT,
    scope: "account",
    subjectId: ACCOUNT,
    period: "day",
    amount: nanoUsd(500n),
  });
});
beforeEach(async () => {
  await sql`update balances set chain_nano = 1000, settled_nano = 0, held_nano = 0 where account_id = ${ACCOUNT}`;
  await sql`update limits set used_nano = 0 where account_id = ${ACCOUNT}`;
});
afterAll(() => drop());

/** What an operator of the platform would type. */
async function run(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  const env = { ...process.env, DATABASE_URL: url };
  const child = spawn(process.execPath, ["api/scripts/ledger.ts", ...words], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: code as number, out, error };
}

describe("pnpm ledger <command>", () => {
  test("default: says what it checks, and that nothing differs", async () => {
    const { code, out } = await run("check");
    expect(code).toBe(0);
    expect(out.split("\n").filter((line) => line.startsWith("✓"))).toHaveLength(CHECKS.length);
    expect(out).toContain("no differences");
  });

  test.each([
    ["chain", "update balances set chain_nano = chain_nano + 7"],
    ["settled", "update balances set settled_nano = settled_nano + 7"],
    ["held", "update balances set held_nano = held_nano + 7"],
  ])("behavior: a planted drift of %s is named, with both amounts, and the exit code is 1", async (name, plant) => {
    await sql`${sql.unsafe(plant)} where account_id = ${ACCOUNT}`;
    const { code, out } = await run("check");
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`${name} of ${ACCOUNT}: \\$0\\.00000\\d+, recomputed \\$0`));
    expect(out).toContain("1 difference.");
  });

  test("behavior: a limit's counter that drifted is named", async () => {
    await sql`update limits set used_nano = 9 where account_id = ${ACCOUNT}`;
    const { code, out } = await run("check");
    expect(code).toBe(1);
    expect(out).toContain(`used of the day limit account:${ACCOUNT}`);
  });

  test("error: a payment for what nobody was served", async () => {
    const found = await sql
      .begin(async (tx) => {
        await bookEntries(tx, {
          cause: "capture:req_never_served",
          entries: [
            {
              debit: { book: "usage", account: ACCOUNT },
              credit: { book: "unsettled", account: "acct_platform" },
              amount: nanoUsd(5n),
            },
          ],
        });
        const rows = [];
        for (const { find } of CHECKS) rows.push(...(await find(tx)));
        throw new Planted(rows);
      })
      .catch((planted: unknown) => (planted as Planted).rows);
    expect(found).toEqual([{ what: "captured of req_never_served", counter: 0n, recomputed: 5n }]);
  });

  test("error: another command is not understood", async () => {
    expect((await run("help")).code).toBe(2);
    expect((await run("--help")).out).toContain("pnpm ledger <command>");
  });
});

/** Carries what was found out of a transaction that is rolled back: entries can't be deleted. */
class Planted extends Error {
  readonly rows: object[];

  constructor(rows: object[]) {
    super();
    this.rows = rows;
  }
}
