import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Batch, settlementTypedData } from "@infr/protocol";
import type { Hex, LocalAccount } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Sql } from "../../db/types.ts";
import { BatchRefusedError, recomputeBatch } from "./recompute-batch.ts";

/** As the contract has it. */
const MAX_DEADLINE_SECONDS = 600;

type Context = { sql: Sql; chain: Chain; key: Pick<LocalAccount, "signTypedData"> };

/**
 * Signs a batch if it is the contract's next one and every byte of it follows from the captures, in one snapshot of a
 * database that it cannot write to. Throws {@link BatchRefusedError}.
 */
export async function coSign({ sql, chain, key }: Context, batch: Batch): Promise<Hex> {
  const [{ timestamp }, [seq, prev]] = await Promise.all([
    chain.client.getBlock(),
    chain.client.readContract({ address: chain.escrow, abi: creditEscrowAbi, functionName: "nextBatch" }),
  ]);
  if (batch.seq !== seq || batch.prev !== prev)
    throw new BatchRefusedError(`the contract's next batch is ${seq} on ${prev}`);
  if (BigInt(batch.deadline) > timestamp + BigInt(MAX_DEADLINE_SECONDS)) {
    throw new BatchRefusedError(`its deadline ${batch.deadline} is too far from ${timestamp}`);
  }
  await sql.begin("isolation level repeatable read read only", (tx) => recomputeBatch(tx, batch));
  return key.signTypedData(settlementTypedData({ chainId: chain.chainId, escrow: chain.escrow }, batch));
}
