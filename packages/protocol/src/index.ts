export { verifyAccountLeaf } from "./account-proof.ts";
export {
  accountRef,
  authorizationNonce,
  PRIMARY_SALT,
  type ReceiveAuthorization,
  receiveAuthorizationTypedData,
  receiveAuthorizationTypes,
  type TokenDomain,
} from "./deposit.ts";
export {
  DuplicateReceiptError,
  InvalidServerSecretError,
  MalformedLinesError,
  MalformedVoucherCodeError,
  NotAscendingError,
  OutOfRangeError,
  UnbalancedAccountError,
  ZeroVoucherKeyError,
} from "./errors.ts";
export {
  buildLiabilitiesTree,
  type DayEnd,
  dayNumber,
  type LiabilitiesTree,
  type Liability,
  liabilitiesRootOf,
  liabilityLeaf,
  type Owed,
  type SumNode,
  type SumProof,
  siblingPlaces,
  verifyLiability,
} from "./liabilities.ts";
export { decodeLines, encodeLines, type Line, MAX_LINE } from "./lines.ts";
export { decodeMemoTransfer, encodeMemoSuffix, encodeMemoTransfer } from "./memo.ts";
export {
  clearanceTypedData,
  type OperationMessages,
  type OperationName,
  operationHash,
  operationTypedData,
  operationTypes,
} from "./operations.ts";
export { type ConcretePrices, priceText, priceVersionOf } from "./price-version.ts";
export {
  type AccountLeaf,
  accountCommitment,
  accountLeaf,
  type Receipt,
  receiptLeaf,
  USAGE_SOURCES,
  type UsageSource,
} from "./receipt.ts";
export { type Keccak, ReceiptHasher, type ReceiptOfAccount, ReceiptsSubTree } from "./receipt-hasher.ts";
export {
  type AccountReceipts,
  buildAccountsTree,
  buildReceiptsTree,
  buildSubTree,
  type Proof,
  type ProvenAccount,
  type ReceiptsTree,
  verifyReceipt,
} from "./receipts-tree.ts";
export {
  type Batch,
  type EscrowAddress,
  escrowDomain,
  settlementDigest,
  settlementTypedData,
  settlementTypes,
  storedDigest,
} from "./settlement.ts";
export {
  deriveVoucherKey,
  formatVoucherCode,
  generateVoucherCode,
  parseVoucherCode,
  type VoucherCode,
  type VoucherKey,
} from "./voucher.ts";
