import { creditEscrowAbi } from "@infr/contracts/abi";
import { accountRef } from "@infr/protocol";
import { type Address, encodeFunctionData } from "viem";
import type { Chain } from "../../../chain/open.ts";
import { queueTransaction } from "../../../chain/outbox-store.ts";
import type { Sql } from "../../../db/types.ts";
import { newId } from "../../../ids.ts";
import { queueOpening } from "../queue-opening.ts";
import {
  accountNumbered,
  accountOfSender,
  noteAttribution,
  putOff,
  type TargetRow,
  takeBackFailed,
  type UnattributedRow,
  unattributed,
} from "./store.ts";

const PAGE = 50;
/** How long a transfer of nobody waits to be looked at again: somebody may have signed in. */
const AGAIN_SECONDS = 10;

/** What attributing works with; `attributor` may credit surplus in the contract, `relayer` pays for openings. */
export type Attributing = { sql: Sql; chain: Chain; relayer: Address; attributor: Address };

/**
 * One round of crediting plain transfers: to the account that a memo names, else to the sender's, also if he has signed in
 * only now; what is nobody's waits in suspense. The contract takes each log once and only what nobody is owed.
 */
export async function attributeTransfers(attributing: Attributing): Promise<void> {
  const { sql } = attributing;
  await takeBackFailed(sql);
  for (const transfer of await unattributed(sql, PAGE)) {
    const target = await findTarget(sql, transfer);
    if (target?.number != null) await attribute(attributing, { transfer, target, number: target.number });
    else {
      if (target && !target.is_open) await sql.begin((tx) => queueOpening(tx, { ...attributing, account: target }));
      await putOff(sql, { logKey: transfer.log_key, seconds: target ? 1 : AGAIN_SECONDS });
    }
  }
}

async function findTarget(sql: Sql, { memo_account: memo, sender }: UnattributedRow): Promise<TargetRow | undefined> {
  const named = memo === null ? undefined : await accountNumbered(sql, memo);
  return named ?? accountOfSender(sql, { sender, ref: accountRef({ owner: sender }) });
}

async function attribute(
  { sql, chain, attributor }: Attributing,
  { transfer, target, number }: { transfer: UnattributedRow; target: TargetRow; number: bigint },
): Promise<void> {
  const { block_hash: blockHash, log_index: logIndex, amount_micro: amount, log_key: logKey } = transfer;
  await sql.begin(async (tx) => {
    const row = await queueTransaction(tx, {
      transactionId: newId("tx"),
      accountId: target.account_id,
      kind: "attribute",
      cause: `attribute:${logKey}`,
      sender: attributor,
      target: chain.escrow,
      data: encodeFunctionData({
        abi: creditEscrowAbi,
        functionName: "attribute",
        args: [Number(number), amount, blockHash, BigInt(logIndex)],
      }),
    });
    await noteAttribution(tx, { logKey, accountId: target.account_id, transactionId: row.transaction_id });
  });
}
