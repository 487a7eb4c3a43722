import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Address, encodeFunctionData, type Hex } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { unopenedEarners } from "./store.ts";

/** Opens accounts in the contract for operators who have earned something: without a number nothing can be settled. */
export async function openEarners({
  sql,
  chain,
  relayer,
}: {
  sql: Sql;
  chain: Chain;
  relayer: Address;
}): Promise<void> {
  for (const earner of await unopenedEarners(sql)) {
    const data = encodeFunctionData({
      abi: creditEscrowAbi,
      functionName: "open",
      args: [earner.owner as Address, earner.salt as Hex],
    });
    await sql.begin((tx) =>
      queueTransaction(tx, {
        transactionId: newId("tx"),
        accountId: earner.account_id,
        kind: "open",
        cause: `open:${earner.account_id}`,
        sender: relayer,
        target: chain.escrow,
        data,
      }),
    );
  }
}
