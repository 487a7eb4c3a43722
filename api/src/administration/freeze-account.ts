import type { Sql } from "../db/types.ts";
import { NotFoundError } from "../errors.ts";
import { noteAct } from "../flow/credit/lot-store.ts";
import { setFrozen } from "./freeze-store.ts";

/**
 * Freezes an account, or (reason null) lets it go on: frozen, it gives and gets no credit, its keys don't work, and nothing
 * is paid out. What comes in from the chain is booked all the same: nothing is lost. Doing it again changes nothing.
 * @throws NotFoundError
 */
export const freezeAccount = (
  sql: Sql,
  { userId, accountId, reason }: { userId: string; accountId: string; reason: string | null },
): Promise<void> =>
  sql.begin(async (tx) => {
    const before = await setFrozen(tx, { accountId, reason });
    if (!before) throw new NotFoundError("account");
    if (before.frozen_reason === reason) return;
    const details = { reason, before: before.frozen_reason };
    await noteAct(tx, { userId, act: reason === null ? "unfreeze" : "freeze", subjectId: accountId, details });
  });
