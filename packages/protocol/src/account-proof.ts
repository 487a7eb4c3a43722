import type { Hex } from "viem";
import { climb } from "./merkle.ts";
import { type AccountLeaf, accountLeaf, receiptsRootOf } from "./receipt.ts";
import type { Proof } from "./receipts-tree.ts";

/** Whether an account's leaf is in the batch with this root; what it says of its receipts is for `buildSubTree` to check. */
export function verifyAccountLeaf(claim: { root: Hex; account: AccountLeaf; accountProof: Proof }): boolean {
  const { root, account, accountProof } = claim;
  const top = climb(accountLeaf(account), accountProof);
  return top !== null && receiptsRootOf({ count: accountProof.count, root: top }) === root;
}
