import { OPERATOR_BPS } from "@infr/money";
import type { Queryable } from "../db/types.ts";
import { type FlowRow, flowRows, type Holder, type Period, type TrialBalanceRow, trialBalanceRows } from "./store.ts";

const BPS = 10_000n;

/** What the platform has and owes at one moment, in nano-dollars, each with the sign that makes it positive. */
export type Positions = {
  /** USDC in the contract. */
  usdcHeld: bigint;
  /** Money that came in for credit which is not used yet, open vouchers included: revenue and operators' pay to come. */
  deferredRevenue: bigint;
  /** Credit that the platform gave, or sold by card, and is not used yet. */
  fundedCredit: bigint;
  /** What came in by card and did not go back. */
  cardReceipts: bigint;
  /** All credit that may still be used: both of the above. */
  unusedCreditLiability: bigint;
  /** Earnings in the contract, of operators and referrers. */
  operatorPayableSettled: bigint;
  /** Operators' 80 % of what is metered and not settled, rounded down; what settlement makes of it may differ by a µ$. */
  operatorPayableAccrued: bigint;
  operatorPayable: bigint;
  /** The rest of what is metered and not settled. */
  revenueAccrued: bigint;
  /** What accounts owe after an overdraft. */
  debtors: bigint;
};

/** What happened in a period, in nano-dollars. */
export type Results = {
  /** Metered, gross, whoever paid. */
  grossUsage: bigint;
  /** The platform's share of what was settled, after referrers'. What was undone counts against it. */
  platformRevenue: bigint;
  /** Metered usage that the platform pays on-chain: promotions, trials, and what was bought by card. */
  promotionalUsage: bigint;
  /** Platform-funded credit that expired unused. */
  breakage: bigint;
  /** Overdrafts that nobody has to repay. */
  writtenOff: bigint;
  /** What was sold by card, less what went back unspent. */
  cardSales: bigint;
  /** Credit that was spent before its card payment was taken back. */
  cardLosses: bigint;
  deposits: bigint;
  paidOut: bigint;
};

export type AccountsReport = { opening: Positions; closing: Positions; results: Results };

/** Deferred revenue, liabilities, payables and revenue of a period, from the ledger alone. */
export async function readAccounts(sql: Queryable, period: Period): Promise<AccountsReport> {
  const rows = await trialBalanceRows(sql, period);
  return {
    opening: positionsFrom(rows, "opening"),
    closing: positionsFrom(rows, "closing"),
    results: resultsFrom(await flowRows(sql, period)),
  };
}

function positionsFrom(rows: TrialBalanceRow[], end: "opening" | "closing"): Positions {
  /** Debit positive; of everybody where no holder is given. */
  const of = (book: string, holder: Holder | null = null): bigint =>
    rows
      .filter((row) => row.book === book && (holder === null || row.holder === holder))
      .reduce((sum, row) => sum + row[end], 0n);
  // The platform's own credit is no revenue to come: it pays for usage with it.
  const deferredRevenue =
    -of("credit", "accounts") - of("pending", "accounts") - of("usage", "accounts") - of("vouchers");
  const fundedCredit = -of("funded");
  const unsettled = -of("unsettled", "accounts");
  const operatorPayableSettled = -of("earnings", "accounts");
  const operatorPayableAccrued = floorOf(unsettled * OPERATOR_BPS, BPS);
  return {
    usdcHeld: of("escrow"),
    deferredRevenue,
    fundedCredit,
    cardReceipts: of("card"),
    unusedCreditLiability: deferredRevenue + fundedCredit,
    operatorPayableSettled,
    operatorPayableAccrued,
    operatorPayable: operatorPayableSettled + operatorPayableAccrued,
    revenueAccrued: unsettled - operatorPayableAccrued,
    debtors: of("debt", "accounts"),
  };
}

function resultsFrom(rows: FlowRow[]): Results {
  /** Debit positive. */
  const of = (steps: readonly string[] | null, book: string, holder: Holder): bigint =>
    rows
      .filter((row) => (steps === null || steps.includes(row.step)) && row.book === book && row.holder === holder)
      .reduce((sum, row) => sum + row.amount, 0n);
  return {
    grossUsage: -of(["capture"], "unsettled", "accounts") - of(["capture"], "unsettled", "platform"),
    platformRevenue: -of(["settle", "void"], "earnings", "platform"),
    promotionalUsage: of(["capture"], "usage", "platform"),
    breakage: of(["expire"], "funded", "accounts"),
    writtenOff: of(null, "written_off", "accounts"),
    cardSales: -of(["card"], "card_sales", "platform"),
    cardLosses: of(["card"], "card_losses", "platform"),
    deposits: of(["deposit"], "escrow", "contract"),
    paidOut: -of(["payout"], "escrow", "contract"),
  };
}

/** Rounded down, also below zero. */
const floorOf = (value: bigint, divisor: bigint): bigint =>
  (value - (((value % divisor) + divisor) % divisor)) / divisor;
