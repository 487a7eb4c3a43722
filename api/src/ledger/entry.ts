import type { NanoUsd } from "@infr/money";

/** The chart of accounts: see the `book` type in the ledger's migration for what each holds. */
export type Book =
  | "escrow"
  | "credit"
  | "pending"
  | "earnings"
  | "usage"
  | "unsettled"
  | "debt"
  | "debt_claim"
  | "written_off"
  | "funded"
  | "grants"
  | "vouchers"
  | "off_ramp"
  | "bank"
  | "card"
  | "card_sales"
  | "card_losses"
  | "adjustments";

/** A ledger account: a book, and whose. */
export type Place = { book: Book; account: string };

/** One amount that moves from the credited to the debited ledger account. Zero amounts are left out when booking. */
export type Entry = { debit: Place; credit: Place; amount: NanoUsd };
