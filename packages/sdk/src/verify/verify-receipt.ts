import { formatUsd, formatUsdc } from "@infr/money";
import {
  type AccountLeaf,
  accountCommitment,
  type ConcretePrices,
  type EscrowAddress,
  priceVersionOf,
  type Receipt,
  verifyReceipt,
} from "@infr/protocol";
import type { Hex } from "viem";
import { type ReceiptFile, readReceiptFile } from "./files.ts";
import { reprice } from "./prices.ts";
import type { SettledBatch, SettledBatches } from "./settled-batches.ts";
import { type BatchVerification, type Check, verificationOf } from "./verification.ts";

/** The platform's account, under which stand receipts of accounts that have no number yet. */
const PLATFORM = 1;

/**
 * Checks one charge against the chain alone. `file` is parsed JSON from anywhere: nothing in it is believed.
 * @throws MalformedFileError for what is no receipt file, NotSettledError while its batch is not on the chain
 */
export async function verifyReceiptFile(file: unknown, batches: SettledBatches): Promise<BatchVerification> {
  const claim = readReceiptFile(file, "");
  const batch = await batches.batch(claim.seq);
  const number = await batches.accountOfRef(claim.ref);
  const checks = [
    checkPlace(claim, batches),
    checkRoot(claim, batch),
    checkInclusion(claim),
    checkLine(claim.account, batch),
    checkOwner({ ...claim, number }),
    ...checkCharge(claim.receipt, claim.prices),
  ];
  return { ...verificationOf(checks), batch };
}

export const checkPlace = (file: EscrowAddress, batches: EscrowAddress): Check => ({
  name: "it is about the escrow you trust",
  ok: file.chainId === batches.chainId && file.escrow === batches.escrow,
  detail: `escrow ${file.escrow} on chain ${file.chainId}`,
});

export const checkRoot = ({ root }: { root: Hex }, { receiptsRoot, seq }: SettledBatch): Check => ({
  name: "its root is the one that was settled",
  ok: root === receiptsRoot,
  detail: `batch ${seq} has ${receiptsRoot}`,
});

const checkInclusion = (file: ReceiptFile): Check => ({
  name: "the receipt is in the batch",
  ok: verifyReceipt(file),
  detail: `receipt ${file.receiptProof.index + 1} of ${file.receiptProof.count} of account ${file.account.account}`,
});

/** An account that paid nothing has no line on the chain. */
export function checkLine({ account, line }: AccountLeaf, { debits }: SettledBatch): Check {
  const paid = debits.get(account);
  return {
    name: "the account's line is what the contract debited",
    ok: (paid ?? 0n) === line,
    detail: paid === undefined ? "the contract debited nothing" : `the contract debited $${formatUsdc(paid)}`,
  };
}

/** Whether the receipt's commitment opens to an account, and that account is the one in whose leaf it stands. */
function checkOwner({ receipt, ref, salt, account, number }: ReceiptFile & { number: number }): Check {
  return {
    name: "the receipt is that account's",
    ok: accountCommitment({ ref, salt }) === receipt.accountCommitment && standsUnder({ account, number, receipt }),
    detail: number === 0 ? "the account has no number" : `the contract knows it as account ${number}`,
  };
}

/** Under its own number, or under the platform's if the platform paid it all. */
export function standsUnder({
  account,
  number,
  receipt,
}: {
  account: AccountLeaf;
  number: number;
  receipt: Receipt;
}): boolean {
  if (account.account === number) return true;
  return account.account === PLATFORM && receipt.platformPaid === receipt.cost;
}

/** Whether a charge is what was metered at these prices. */
export const followsFrom = (receipt: Receipt, prices: ConcretePrices): boolean =>
  reprice(receipt, prices) === receipt.cost && receipt.platformPaid <= receipt.cost;

/** Whether a charge follows from what was metered and the prices that the receipt names. */
function checkCharge(receipt: Receipt, prices: ConcretePrices): Check[] {
  const cost = reprice(receipt, prices);
  return [
    {
      name: "the prices are those that the receipt names",
      ok: priceVersionOf(prices) === receipt.priceVersion,
      detail: `price version ${receipt.priceVersion}`,
    },
    {
      name: "the charge is what was metered at those prices",
      ok: followsFrom(receipt, prices),
      detail: cost === null ? `the prices are of ${prices.product}, not of ${receipt.model}` : `$${formatUsd(cost)}`,
    },
  ];
}
