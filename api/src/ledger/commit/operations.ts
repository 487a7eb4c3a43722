import type { NanoUsd } from "@infr/money";

/** Sets money aside for a request. */
export type HoldOperation = {
  requestId: string;
  accountId: string;
  /** The most this request can cost. */
  worst: NanoUsd;
  /** The least that is of use: prompt and one token. Less than this is refused. */
  floor: NanoUsd;
  /**
   * What it counts against, as `scope:subject`; limits that exist are checked. The capture has to name the same key and
   * user: limits are recomputed from the usage log.
   */
  subjects: string[];
  /** Platform-funded credit may not pay for it. */
  paidOnly?: boolean;
};

/** Bills a request out of its hold and writes its usage row. */
export type CaptureOperation = {
  requestId: string;
  accountId: string;
  startedAt: Date;
  keyId: string | null;
  userId: string | null;
  model: string;
  nodeId: string;
  operatorId: string;
  priceVersion: string;
  tokens: Tokens;
  cost: CostBreakdown;
  latencyMs: number;
  status: "ok" | "aborted" | "error";
  usageSource: "node" | "recount" | "drained";
  /** Tokens of all classes that the node reported, if it did. */
  reportedTokens?: number | null;
  /** 32 random bytes, hex: hides the account in its public receipts. */
  receiptSalt: string;
};

/** Token classes, disjoint: `prompt` is without `cached`, `completion` without `reasoning`. */
export type Tokens = { prompt: number; cached: number; completion: number; reasoning: number };

/** What each class of tokens cost. */
export type CostBreakdown = { prompt: NanoUsd; cached: NanoUsd; completion: NanoUsd; reasoning: NanoUsd };

/** What people set limits on: the whole account, one of its people, the keys of one project, one key. */
export type LimitScope = "account" | "member" | "project" | "key";

/** Windows of limits, in UTC; weeks begin on Monday. */
export type Period = "day" | "week" | "month" | "total";

/** Ends a hold without billing. */
export type ReleaseOperation = { requestId: string; accountId: string };

export type Operation =
  | ({ kind: "hold" } & HoldOperation)
  | ({ kind: "capture" } & CaptureOperation)
  | ({ kind: "release" } & ReleaseOperation);

/** What became of one operation: a row of `ledger_commit`. */
export type Outcome = {
  requestId: string;
  outcome:
    | "held"
    | "refused"
    | "retry"
    | "captured"
    | "released"
    | "unknown_hold"
    | "cost_above_hold"
    | "unknown_account";
  granted: NanoUsd | null;
  spendable: NanoUsd | null;
  /** What refused a hold: `balance`, or the `scope:subject` of a limit. */
  refusedBy: string | null;
  limit: { period: Period; amount: NanoUsd; left: NanoUsd } | null;
};
