import { type MicroUsdc, nanoToMicro, nanoUsd } from "@infr/money";
import { accountCommitment, buildLiabilitiesTree, type DayEnd, type Liability } from "@infr/protocol";
import type { Hex } from "viem";
import type { Sql } from "../db/types.ts";
import { randomHex } from "../ids.ts";
import { insertDay, insertLeaves, insertNodes, type OwedRow, owedAt } from "./store.ts";

const SALT_BYTES = 32;

/** What the contract said at a block. */
export type ContractState = { liabilities: MicroUsdc; held: MicroUsdc };

/** The ledger does not come to what the contract owed: nothing is published until it is known why. */
export class LiabilitiesMismatchError extends Error {
  override readonly name = "LiabilitiesMismatchError";

  constructor(as: DayEnd, { booked, owed }: { booked: bigint; owed: bigint }) {
    super(`${as.day}: the ledger books ${booked} µUSDC up to block ${as.block}, the contract owed ${owed} there.`);
  }
}

/**
 * Writes down what everybody was owed at the end of a day, as a tree with fresh salts. A day is built once: who comes second
 * changes nothing. `contract` is null where the node has lost the state of the block: then nothing is compared here, but whoever
 * has an archive can. @returns false if it was there. @throws LiabilitiesMismatchError
 */
export async function buildDay(
  sql: Sql,
  { as, blockHash, contract }: { as: DayEnd; blockHash: Hex; contract: ContractState | null },
): Promise<boolean> {
  const owed = (await owedAt(sql, as.block)).map(saltedLiability);
  const tree = buildLiabilitiesTree({ as, liabilities: owed.map(({ liability }) => liability) });
  const { credit, earnings, vouchers } = tree.total;
  const booked = credit + earnings + vouchers;
  if (contract && booked !== contract.liabilities)
    throw new LiabilitiesMismatchError(as, { booked, owed: contract.liabilities });
  const { day } = as;
  return sql.begin(async (tx) => {
    const isNew = await insertDay(tx, {
      day,
      block_number: as.block,
      block_hash: blockHash,
      root: tree.root,
      accounts: owed.length,
      credit_micro: credit,
      earnings_micro: earnings,
      vouchers_micro: vouchers,
      liabilities_micro: contract?.liabilities ?? null,
      held_micro: contract?.held ?? null,
    });
    if (!isNew) return false;
    const leaves = owed.map(({ accountId, ref, salt, liability }) => ({
      account_id: accountId,
      ref,
      salt,
      place: tree.places.get(liability.commitment) ?? -1,
      credit_micro: liability.credit,
      earnings_micro: liability.earnings,
      vouchers_micro: liability.vouchers,
    }));
    await insertLeaves(tx, { day, leaves });
    for (const [level, nodes] of tree.levels.entries()) await insertNodes(tx, { day, level, nodes });
    return true;
  });
}

function saltedLiability(row: OwedRow): { accountId: string; ref: Hex; salt: string; liability: Liability } {
  const salt = randomHex(SALT_BYTES);
  const liability = {
    commitment: accountCommitment({ ref: row.ref, salt: `0x${salt}` }),
    credit: microOf(row, row.credit_nano),
    earnings: microOf(row, row.earnings_nano),
    vouchers: microOf(row, row.vouchers_nano),
  };
  return { accountId: row.account_id, ref: row.ref, salt, liability };
}

/** The contract knows whole micro-dollars only. */
function microOf({ account_id: accountId }: OwedRow, nano: bigint): MicroUsdc {
  const { micro, remainder } = nanoToMicro(nanoUsd(nano));
  if (remainder !== 0n) throw new Error(`${accountId} is owed ${nano} nano-dollars in the contract: no whole µUSDC`);
  return micro;
}
