import { waitingForCustodian } from "./clearing-store.ts";
import type { MoveContext } from "./move-rules.ts";
import { offerTerms } from "./offer-terms.ts";

const MAX_MOVES = 100;

/** Goes on with moves of users without a wallet whose recipient's account was being opened, once its number is lasting. */
export async function submitWaiting(context: MoveContext): Promise<void> {
  const { sql, custodian } = context;
  if (custodian === null) return;
  for (const row of await waitingForCustodian(sql, { custodian, limit: MAX_MOVES })) await offerTerms(context, row);
}
