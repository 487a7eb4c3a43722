import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Address, encodeFunctionData, type Hex } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Tx } from "../../db/types.ts";
import { newId } from "../../ids.ts";

/** An account as it is to be opened. Its salt is known: only accounts that are open already may lack one. */
type Unopened = { account_id: string; owner: string; salt: string | null };

/** Queues the opening of an account in the contract, once: money waits for it. The platform pays for it. */
export async function queueOpening(
  tx: Tx,
  { chain, relayer, account }: { chain: Chain; relayer: Address; account: Unopened },
): Promise<void> {
  if (account.salt === null) return;
  await queueTransaction(tx, {
    transactionId: newId("tx"),
    accountId: account.account_id,
    kind: "open",
    cause: `open:${account.account_id}`,
    sender: relayer,
    target: chain.escrow,
    data: encodeFunctionData({
      abi: creditEscrowAbi,
      functionName: "open",
      args: [account.owner as Address, account.salt as Hex],
    }),
  });
}
