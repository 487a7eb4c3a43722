import { type NanoUsd, nanoUsd } from "@infr/money";
import type { Queryable } from "../db/types.ts";
import { balanceRow } from "./store.ts";

/** An account's money, all in nano-dollars. spendable = onChain − debt − unsettled − held + funded. */
export type Balance = {
  /** What new requests can spend; may be negative by at most one response. */
  spendable: NanoUsd;
  /** The contract's balance, as booked from events. */
  onChain: NanoUsd;
  debt: NanoUsd;
  /** Metered, account-paid, not yet settled on-chain. */
  unsettled: NanoUsd;
  /** Set aside for running requests, of both kinds of credit. */
  held: NanoUsd;
  /** Platform-funded credit. */
  funded: NanoUsd;
};

/** An account's money now; an account nobody knows has none. */
export async function readBalance(sql: Queryable, accountId: string): Promise<Balance> {
  const row = await balanceRow(sql, accountId);
  const held = row ? row.held_nano + row.funded_held_nano : 0n;
  return {
    spendable: nanoUsd(row ? row.chain_nano - row.debt_nano - row.unsettled_nano - held + row.funded_nano : 0n),
    onChain: nanoUsd(row?.chain_nano ?? 0n),
    debt: nanoUsd(row?.debt_nano ?? 0n),
    unsettled: nanoUsd(row?.unsettled_nano ?? 0n),
    held: nanoUsd(held),
    funded: nanoUsd(row?.funded_nano ?? 0n),
  };
}
