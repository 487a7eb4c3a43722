import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Address, encodeFunctionData } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Tx } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import type { RecipientRow } from "./moves-store.ts";

/** Opens a recipient's account in the contract, once: the platform pays. */
export async function queueOpening(
  tx: Tx,
  { chain, relayer, account }: { chain: Chain; relayer: Address; account: RecipientRow },
): Promise<void> {
  const { account_id: accountId, owner, salt } = account;
  if (salt === null) throw new Error(`${accountId} is not open, and nobody knows its salt`);
  await queueTransaction(tx, {
    transactionId: newId("tx"),
    accountId,
    kind: "open",
    cause: `open:${accountId}`,
    sender: relayer,
    target: chain.escrow,
    data: encodeFunctionData({ abi: creditEscrowAbi, functionName: "open", args: [owner, salt] }),
  });
}
