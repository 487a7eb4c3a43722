import { creditEscrowAbi } from "@infr/contracts/abi";
import { clearanceTypedData, operationHash } from "@infr/protocol";
import { type Address, encodeFunctionData, getAddress, type Hex } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Signer } from "../../chain/signers/signer.ts";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { takeOverMessage, takeOverTypedData } from "./owner-changes.ts";
import {
  dueOwnerChanges,
  type HandOverRow,
  lockDue,
  lockHandOver,
  type OwnerChangeRow,
  readHandOver,
  setFailure,
  setQueued,
} from "./owner-changes-store.ts";
import { isSigned, readOwner } from "./read-owner.ts";

const MAX_CHANGES = 100;
/** With less than this of its time left, in seconds, it might come to the chain too late. */
const LEAST_SECONDS = 120n;

type HandingOver = { sql: Sql; chain: Chain; clearer: Signer; custodian: Signer; relayer: Address };

/**
 * Hands accounts over to the wallets that signed for them and have waited long enough: the custodian signs, the clearer
 * clears, the outbox brings it to the chain. What can't be carried out any more ends, and says what to do.
 */
export async function handOver(context: HandingOver): Promise<void> {
  for (const row of await dueOwnerChanges(context.sql, MAX_CHANGES)) await handOne(context, row);
}

async function handOne(context: HandingOver, row: OwnerChangeRow): Promise<void> {
  const { change_id: changeId, account_id: accountId, user_id: userId, wallet } = row;
  const failure = await failureOnChain(context, row);
  const data = failure === null ? await signedCall(context, row) : null;
  await context.sql.begin(async (tx) => {
    if (!(await lockDue(tx, changeId))) return;
    await lockHandOver(tx, { accountId, userId, wallet });
    const now = await readHandOver(tx, { accountId, userId, wallet });
    // A reorganisation took its opening away, which comes back: what the contract says meanwhile is of no account.
    if (now.chain_account === null) return;
    const obstacle = failureOf(now, row) ?? failure;
    if (obstacle !== null) return setFailure(tx, { changeId, failure: obstacle });
    // What is on its way has this nonce, or it fails and leaves it to us.
    if (data === null || now.has_pending_move) return;
    const { transaction_id: transactionId } = await queueTransaction(tx, {
      transactionId: newId("tx"),
      accountId,
      kind: "owner",
      cause: `owner:${changeId}`,
      sender: context.relayer,
      target: context.chain.escrow,
      data,
    });
    await setQueued(tx, { changeId, transactionId });
  });
}

function failureOf(now: HandOverRow, { account_number: number }: OwnerChangeRow): string | null {
  // It was opened again after a reorganisation, with another number: the one signed for is somebody else's, or will be.
  if (now.chain_account !== number)
    return "The number that was signed is no longer that of this account. Ask for it again.";
  if (now.is_frozen) return "The account was frozen. Write to support.";
  if (!now.is_owner) return "Who asked for it no longer owns this account here. Its owner can ask for it.";
  return now.is_linked ? null : "The wallet was unlinked. Link it, and ask for it again.";
}

/** What in the contract keeps it from being carried out. */
async function failureOnChain({ chain, custodian }: HandingOver, row: OwnerChangeRow): Promise<string | null> {
  const [{ owner, nonce }, { timestamp }] = await Promise.all([
    readOwner(chain, Number(row.account_number)),
    chain.client.getBlock(),
  ]);
  if (owner !== custodian.address)
    return "The platform does not own this account any more: there is nothing to hand over.";
  if (nonce !== row.nonce)
    return "Credit of this account was moved meanwhile, which used up the number that was signed. Ask for it again.";
  if (timestamp + LEAST_SECONDS > row.deadline) return "Its time is over. Ask for it again.";
  const signed = {
    owner: getAddress(row.wallet),
    typedData: takeOverTypedData(chain, row),
    signature: signatureOf(row),
  };
  return (await isSigned(chain, signed)) ? null : "The wallet does not take its signature any more. Ask for it again.";
}

async function signedCall({ chain, custodian, clearer }: HandingOver, row: OwnerChangeRow): Promise<Hex> {
  const message = takeOverMessage(row);
  const clearance = { operation: operationHash("RotateOwner", message), deadline: message.deadline };
  const [byCustodian, byClearer] = await Promise.all([
    custodian.signTypedData(takeOverTypedData(chain, row)),
    clearer.signTypedData(clearanceTypedData(chain, clearance)),
  ]);
  return encodeFunctionData({
    abi: creditEscrowAbi,
    functionName: "rotateOwner",
    args: [message, byCustodian, signatureOf(row), byClearer],
  });
}

function signatureOf({ change_id: changeId, signature }: OwnerChangeRow): Hex {
  if (signature === null) throw new Error(`${changeId} is due and not signed`);
  return signature;
}
