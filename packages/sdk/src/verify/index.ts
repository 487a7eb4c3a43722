export { InconsistentChainError, MalformedFileError, NotSettledError } from "./errors.ts";
export { repriceStatement } from "./reprice-statement.ts";
export {
  type ChainClient,
  openSettledBatches,
  type SettledBatch,
  type SettledBatches,
} from "./settled-batches.ts";
export type { BatchVerification, Check, Verification } from "./verification.ts";
export { checkSuccession, verifyAccountFile } from "./verify-account.ts";
export { verifyReceiptFile } from "./verify-receipt.ts";
export { verifyReservesFile, verifyReservesTotal } from "./verify-reserves.ts";
