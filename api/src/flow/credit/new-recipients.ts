import { formatUsd, microToNano, microUsdc, nanoUsd } from "@infr/money";
import type { Tx } from "../../db/types.ts";
import { MoveRefusedError } from "./move-errors.ts";
import type { SharingRules } from "./move-rules.ts";
import { type Given, givenToNew, isNewRecipient } from "./moves-store.ts";

/**
 * Keeps what goes to people who got nothing from this account before yesterday within its own limit: whoever got hold of a
 * session takes it to himself. The caller has the account's lock, so parallel requests don't all see the same room.
 * @throws MoveRefusedError
 */
export async function checkNewRecipient(
  tx: Tx,
  { to, amount, rules }: { to: Given; amount: bigint; rules: SharingRules },
): Promise<void> {
  if (!(await isNewRecipient(tx, to))) return;
  const left = nanoUsd(rules.toNewPerDay - microToNano(microUsdc(await givenToNew(tx, to.accountId))));
  if (microToNano(microUsdc(amount)) <= left) return;
  throw new MoveRefusedError(
    "sharing_limit",
    `You have sent nothing to this recipient before. $${formatUsd(left > 0n ? left : nanoUsd(0n))} can still go to new recipients in these 24 hours; a day after the first one has arrived that limit is gone.`,
    "amount",
  );
}
