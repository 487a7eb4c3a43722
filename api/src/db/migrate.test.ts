import { nanoUsd } from "@infr/money";
import { expect, test } from "vitest";
import { createEmptyDatabase } from "../../../test/database.ts";
import { bookEntries } from "../ledger/entries.ts";
import { migrate } from "./migrate.ts";
import { openDatabase } from "./open.ts";

test("the connections that migrated an empty database can use it, and four processes at once take turns", async () => {
  const database = await createEmptyDatabase();
  const pools = Array.from({ length: 4 }, () => openDatabase({ url: database.url, connections: 2 }));
  await Promise.all(pools.map((sql) => migrate(sql)));
  const [sql] = pools;
  const booked = await sql?.begin((tx) =>
    bookEntries(tx, {
      cause: "deposit:first",
      entries: [
        {
          debit: { book: "escrow", account: "" },
          credit: { book: "credit", account: "acct_platform" },
          amount: nanoUsd(1n),
        },
      ],
    }),
  );
  expect(booked).toBe(true);
  await Promise.all(pools.map((pool) => pool.end()));
  await database.drop();
});
