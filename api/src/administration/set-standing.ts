import type { Sql } from "../db/types.ts";
import { NotFoundError } from "../errors.ts";
import { noteAct } from "../flow/credit/lot-store.ts";
import { saveStanding } from "./operators-store.ts";

/** Says how far an operator is trusted, from now on. @throws NotFoundError for who sells nothing */
export const setStanding = (
  sql: Sql,
  {
    userId,
    accountId,
    standing,
    reason,
  }: { userId: string; accountId: string; standing: "good" | "low"; reason: string },
): Promise<void> =>
  sql.begin(async (tx) => {
    if (!(await saveStanding(tx, { accountId, standing }))) throw new NotFoundError("operator");
    await noteAct(tx, { userId, act: "set_standing", subjectId: accountId, details: { standing, reason } });
  });
