export { type Client, createClient } from "./client.ts";
export type { paths } from "./openapi.ts";
export { InconsistentChainError, MalformedFileError, NotSettledError } from "./verify/errors.ts";
export { repriceStatement } from "./verify/reprice-statement.ts";
export {
  type ChainClient,
  openSettledBatches,
  type SettledBatch,
  type SettledBatches,
} from "./verify/settled-batches.ts";
export type { BatchVerification, Check, Verification } from "./verify/verification.ts";
export { checkSuccession, verifyAccountFile } from "./verify/verify-account.ts";
export { verifyReceiptFile } from "./verify/verify-receipt.ts";
export { verifyReservesFile, verifyReservesTotal } from "./verify/verify-reserves.ts";
