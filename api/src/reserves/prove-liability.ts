import { microUsdc } from "@infr/money";
import { type Owed, type SumProof, siblingPlaces } from "@infr/protocol";
import { bytesToHex, type Hex } from "viem";
import type { Sql } from "../db/types.ts";
import { type DayRow, dayRow, leafOf, nodesAt } from "./store.ts";

/** An account's place among all that was owed at the end of a day. */
export type ProvenLiability = { day: DayRow; ref: Hex; salt: Hex; owed: Owed; proof: SumProof };

/** Undefined for a day that has no tree, and for who was owed nothing then. */
export async function proveLiability(
  sql: Sql,
  { day, accountId }: { day: string; accountId: string },
): Promise<ProvenLiability | undefined> {
  const [row, leaf] = [await dayRow(sql, day), await leafOf(sql, { day, accountId })];
  if (!row || !leaf) return undefined;
  const place = { index: leaf.place, count: row.accounts };
  const nodes = await nodesAt(sql, { day, places: siblingPlaces(place) });
  return {
    day: row,
    ref: leaf.ref,
    salt: bytesToHex(leaf.salt),
    owed: owedOf(leaf),
    proof: { ...place, siblings: nodes.map((node) => ({ hash: node.hash, ...owedOf(node) })) },
  };
}

export const owedOf = (row: { credit_micro: bigint; earnings_micro: bigint; vouchers_micro: bigint }): Owed => ({
  credit: microUsdc(row.credit_micro),
  earnings: microUsdc(row.earnings_micro),
  vouchers: microUsdc(row.vouchers_micro),
});
