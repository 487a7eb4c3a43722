import { creditEscrowAbi } from "@infr/contracts/abi";
import { clearanceTypedData, operationHash, operationTypedData } from "@infr/protocol";
import { encodeFunctionData, type Hex, keccak256, stringToHex } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { MoveRow, Terms } from "./moves-store.ts";

/** What tells the event of a move from all others. */
export const memoOf = (moveId: string): Hex => keccak256(stringToHex(moveId));

/** What is to be signed for a move; null as long as that is not known. */
export function termsOf(row: MoveRow): Terms | null {
  const { from_number: from, to_number: to, nonce, deadline } = row;
  if (from === null || to === null || nonce === null || deadline === null) return null;
  return { fromNumber: Number(from), toNumber: Number(to), nonce, deadline: Number(deadline) };
}

const messageOf = (row: MoveRow, { fromNumber: from, toNumber: to, nonce, deadline }: Terms) => ({
  from,
  to,
  amount: row.amount_micro,
  memo: row.memo,
  nonce,
  deadline,
});

/** The owner's part. */
export const ownersTypedData = (chain: Chain, row: MoveRow, terms: Terms) =>
  operationTypedData(chain, "Transfer", messageOf(row, terms));

/** The clearer's part. */
export const clearersTypedData = (chain: Chain, row: MoveRow, terms: Terms) =>
  clearanceTypedData(chain, {
    operation: operationHash("Transfer", messageOf(row, terms)),
    deadline: terms.deadline,
  });

/** The call that both signatures are for. */
export function moveCall(
  row: MoveRow,
  { terms, signature, clearance }: { terms: Terms; signature: Hex; clearance: Hex },
): Hex {
  const { nonce: _, ...move } = messageOf(row, terms);
  return encodeFunctionData({ abi: creditEscrowAbi, functionName: "transfer", args: [move, signature, clearance] });
}
