import { formatUsd } from "@infr/money";
import { type Static, Type } from "typebox";
import type { KeyLimits } from "../auth/manage-keys.ts";
import type { Limit } from "../ledger/limits.ts";
import { Amount, Moment, Money, Nullable, readAmount } from "./schemas.ts";

const PERIODS = ["day", "week", "month", "total"] as const;
export const Scope = Type.Enum(["account", "member", "project", "key"]);
export const Period = Type.Enum([...PERIODS], {
  description: "Windows are in UTC; weeks begin on Monday; total never ends.",
});

/** A limit and where it stands. */
export const LimitState = Type.Object({
  scope: Scope,
  subjectId: Type.String({ description: "Id of the account, member or key, or the project's name." }),
  period: Period,
  amount: Money,
  used: Type.String({ ...Money, description: "Spent in the current window." }),
  held: Type.String({ ...Money, description: "Set aside for running requests." }),
  left: Type.String({ ...Money, description: "Below zero when it was lowered under what is spent." }),
  resetsAt: Nullable(Moment),
});

const Optional = Type.Optional(Nullable(Amount));

/** Amounts by window; null removes a limit. */
export const LimitAmounts = Type.Object({ day: Optional, week: Optional, month: Optional, total: Optional });

/** Only the windows there are: a body may carry more. */
export function readAmounts(amounts: Static<typeof LimitAmounts> = {}): KeyLimits {
  const limits: KeyLimits = {};
  for (const period of PERIODS) {
    const amount = amounts[period];
    if (amount !== undefined) limits[period] = amount === null ? null : readAmount(amount);
  }
  return limits;
}

export const shapeLimit = (limit: Limit): Static<typeof LimitState> => ({
  scope: limit.scope,
  subjectId: limit.subjectId,
  period: limit.period,
  amount: formatUsd(limit.amount),
  used: formatUsd(limit.used),
  held: formatUsd(limit.held),
  left: formatUsd(limit.left),
  resetsAt: limit.resetsAt?.toISOString() ?? null,
});
