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

/** What an order is called in the contract, and what it says. */
function orderOf(row: MoveRow, { fromNumber: from, toNumber: to, nonce, deadline }: Terms) {
  if (row.kind === "transfer") {
    const message = { from, to, amount: row.amount_micro, memo: row.memo, nonce, deadline };
    return { name: "Transfer", message } as const;
  }
  if (row.voucher_key === null || row.expiry === null) throw new Error(`${row.move_id} has no voucher`);
  const voucher = { key: row.voucher_key, expiry: Number(row.expiry) };
  return {
    name: "CreateVoucher",
    message: { from, amount: row.amount_micro, to, nonce, deadline, ...voucher },
  } as const;
}

/** The owner's part. */
export function ownersTypedData(chain: Chain, row: MoveRow, terms: Terms) {
  const { name, message } = orderOf(row, terms);
  return name === "Transfer" ? operationTypedData(chain, name, message) : operationTypedData(chain, name, message);
}

/** The clearer's part. */
export function clearersTypedData(chain: Chain, row: MoveRow, terms: Terms) {
  const { name, message } = orderOf(row, terms);
  const operation = name === "Transfer" ? operationHash(name, message) : operationHash(name, message);
  return clearanceTypedData(chain, { operation, deadline: terms.deadline });
}

/** The call that both signatures are for. */
export function moveCall(
  row: MoveRow,
  { terms, signature, clearance }: { terms: Terms; signature: Hex; clearance: Hex },
): Hex {
  const { name, message } = orderOf(row, terms);
  return name === "Transfer"
    ? encodeFunctionData({ abi: creditEscrowAbi, functionName: "transfer", args: [message, signature, clearance] })
    : encodeFunctionData({
        abi: creditEscrowAbi,
        functionName: "createVoucher",
        args: [message, signature, clearance],
      });
}
