import { formatUsd, formatUsdc, microToNano, nanoUsd } from "@infr/money";
import { ReceiptHasher, ReceiptsSubTree, verifyAccountLeaf } from "@infr/protocol";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { MalformedFileError } from "./errors.ts";
import { type AccountFile, readAccountFile } from "./files.ts";
import { openKeccak } from "./keccak.ts";
import { listPrices, type PriceList } from "./prices.ts";
import type { SettledBatches } from "./settled-batches.ts";
import { type BatchVerification, type Check, verificationOf } from "./verification.ts";
import { checkLine, checkPlace, checkRoot, followsFrom, standsUnder } from "./verify-receipt.ts";

const PLATFORM = 1;

/**
 * Checks all charges of an account in a batch against the chain alone: that each is priced right, that none was added and none
 * is missing, and that together they are what the contract debited.
 * @throws MalformedFileError, NotSettledError
 */
export async function verifyAccountFile(file: unknown, batches: SettledBatches): Promise<BatchVerification> {
  const claim = readAccountFile(file, "");
  const prices = listPrices(
    claim.prices,
    claim.receipts.map(({ receipt }) => receipt.priceVersion),
  );
  const batch = await batches.batch(claim.seq);
  const number = await batches.accountOfRef(claim.ref);
  const hasher = new ReceiptHasher(await openKeccak());
  const checks = [
    checkPlace(claim, batches),
    checkRoot(claim, batch),
    checkLeaf(claim),
    checkLine(claim.account, batch),
    checkSubTree(claim, hasher),
    checkOwners(claim, { number, hasher }),
    checkCharges(claim, prices),
    checkSum(claim),
  ];
  return { ...verificationOf(checks), batch };
}

/**
 * Whether files of one account follow each other: each names the one before it and carries in what that carried out, so that
 * no batch was left out between them. Checks nothing else: each file has to verify.
 */
export function checkSuccession(files: readonly unknown[]): Check {
  const claims = files.map((file) => readAccountFile(file, "")).sort((a, b) => (a.seq < b.seq ? -1 : 1));
  const broken = claims.find((claim, index) => {
    const before = claims[index - 1];
    if (!before) return false;
    const follows = claim.account.previousSeq === before.seq && claim.account.carryIn === before.account.carryOut;
    return !follows || claim.ref !== before.ref;
  });
  return {
    name: "the batches follow each other, none is left out",
    ok: broken === undefined,
    detail: broken
      ? `batch ${broken.seq} follows batch ${broken.account.previousSeq} and carries in $${formatUsd(broken.account.carryIn)}`
      : `batches ${claims.map(({ seq }) => seq).join(", ")}`,
  };
}

const checkLeaf = (file: AccountFile): Check => ({
  name: "the account is in the batch",
  ok: verifyAccountLeaf(file),
  detail: `account ${file.account.account}, ${file.accountProof.index + 1} of ${file.accountProof.count}`,
});

/** Each receipt is hashed with the commitment that the account and its salt make; that it names the same is the owners' check. */
function checkSubTree({ ref, account, receipts }: AccountFile, hasher: ReceiptHasher): Check {
  if (new Set(receipts.map(({ receipt }) => receipt.requestId)).size !== receipts.length) {
    throw new MalformedFileError("receipts", "a list in which each comes once");
  }
  const tree = new ReceiptsSubTree(hasher);
  const owner = hexToBytes(ref);
  for (const { receipt, salt } of receipts) tree.add({ ...receipt, ref: owner, salt: hexToBytes(salt) });
  return {
    name: "these are all its receipts, and no others",
    ok: tree.subRoot() === account.subRoot && tree.count === account.count,
    detail: `${tree.count} receipts`,
  };
}

function checkOwners(
  { ref, account, receipts }: AccountFile,
  { number, hasher }: { number: number; hasher: ReceiptHasher },
): Check {
  const owner = hexToBytes(ref);
  const commits = (salt: Hex) => bytesToHex(hasher.join(owner, hexToBytes(salt)));
  const foreign = receipts.find(
    ({ receipt, salt }) => commits(salt) !== receipt.accountCommitment || !standsUnder({ account, number, receipt }),
  );
  return {
    name: "the receipts are that account's",
    ok: foreign === undefined,
    detail: foreign ? `${foreign.receipt.requestId} is not` : `the contract knows it as account ${number}`,
  };
}

/** The list has prices under their own hash, so what stands under a receipt's version is what it names. */
function checkCharges({ receipts }: AccountFile, prices: PriceList): Check {
  const wrong = receipts.find(({ receipt }) => {
    const known = prices.get(receipt.priceVersion);
    return !known || !followsFrom(receipt, known);
  });
  return {
    name: "every charge is what was metered at the prices it names",
    ok: wrong === undefined,
    detail: wrong ? `${wrong.receipt.requestId} is not` : `${prices.size} price versions`,
  };
}

/** The platform's line also pays roundings and what others overdraw: it is not the sum of its receipts. */
function checkSum({ account, receipts }: AccountFile): Check {
  const cost = receipts.reduce((sum, { receipt }) => sum + receipt.cost, 0n);
  const platformPaid = receipts.reduce((sum, { receipt }) => sum + receipt.platformPaid, 0n);
  const own = nanoUsd(cost - platformPaid);
  const adds = account.carryIn + own - account.carryOut === microToNano(account.line);
  return {
    name: "carried in + receipts − carried out is its line",
    ok: platformPaid === account.platformPaid && (adds || account.account === PLATFORM),
    detail:
      `$${formatUsd(account.carryIn)} + $${formatUsd(own)} − $${formatUsd(account.carryOut)}, ` +
      `line $${formatUsdc(account.line)}`,
  };
}
