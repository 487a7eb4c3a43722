import type { Sql } from "../../db/types.ts";
import { accountsToSettle, settleLots } from "./lot-store.ts";

const PAGE = 500;

/**
 * Charges lots for what was used of them, lets them expire, and takes what is claimed back. Each account is locked for one
 * short transaction; any number of workers may do it at once, and what one leaves undone the next round finds.
 */
export async function settleAllLots(sql: Sql, now: () => Date): Promise<void> {
  for (let after = ""; ; ) {
    const accounts = await accountsToSettle(sql, { now: now(), after, limit: PAGE });
    for (const accountId of accounts) await sql.begin((tx) => settleLots(tx, { accountId, now: now() }));
    if (accounts.length < PAGE) return;
    after = accounts.at(-1) ?? after;
  }
}
