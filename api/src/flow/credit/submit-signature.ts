import { microUsdc } from "@infr/money";
import { type Hex, isErc6492Signature } from "viem";
import { NotFoundError } from "../../errors.ts";
import { placeClearance } from "./clearing-store.ts";
import { MoveRefusedError, refusalOf } from "./move-errors.ts";
import { ownersTypedData, termsOf } from "./move-order.ts";
import type { MoveContext } from "./move-rules.ts";
import { type MoveRow, moveOf } from "./moves-store.ts";
import { leftOf } from "./offer-terms.ts";
import { isSigned, readOwner } from "./read-owner.ts";

/**
 * Takes the owner's signature of a prepared move and sets its amount aside; the worker clears it and brings it to the
 * chain. Sent again, the answer is how far the move has come.
 * @throws NotFoundError for somebody else's, MoveRefusedError: then it can still be signed
 */
export async function submitSignature(
  { sql, chain, sharing }: MoveContext,
  { moveId, accountId, isGift, signature }: { moveId: string; accountId: string; isGift: boolean; signature: Hex },
): Promise<MoveRow> {
  const id = { moveId, accountId };
  const row = await moveOf(sql, id);
  if (!row || (row.kind === "gift") !== isGift) throw new NotFoundError(isGift ? "gift" : "transfer");
  if (row.state !== "awaiting_signature") return row;
  const terms = termsOf(row);
  if (!terms)
    throw new MoveRefusedError(
      "recipient_not_ready",
      "The recipient's account is being opened. Read it again until it says what to sign.",
    );
  const [{ owner, nonce }, { timestamp }] = await Promise.all([
    readOwner(chain, terms.fromNumber),
    chain.client.getBlock(),
  ]);
  if (nonce > terms.nonce || timestamp > BigInt(terms.deadline)) throw outdated();
  // The contract asks the wallet itself: one that is not deployed can't answer.
  if (isErc6492Signature(signature))
    throw new MoveRefusedError("invalid_signature", "Deploy your wallet first: the contract has to ask it.");
  if (!(await isSigned(chain, { owner, typedData: ownersTypedData(chain, row, terms), signature })))
    throw new MoveRefusedError(
      "invalid_signature",
      `This is not the signature of ${owner}, who owns the account, under what this says. Read it again and sign that.`,
      "signature",
    );
  const signed = { moveId, nonce: terms.nonce, deadline: BigInt(terms.deadline), signature, cap: sharing.perDay };
  const placed = await placeClearance(sql, signed);
  if (placed.outcome === "outdated") throw outdated();
  if (placed.outcome !== "held" && placed.outcome !== "known")
    throw refusalOf({ outcome: placed.outcome, amount: microUsdc(row.amount_micro), ...leftOf(placed) });
  return (await moveOf(sql, id)) ?? row;
}

const outdated = () =>
  new MoveRefusedError(
    "order_outdated",
    "What was signed can't be carried out any more: its time is over, or another order of the account came first. Read it again and sign what it says then.",
  );
