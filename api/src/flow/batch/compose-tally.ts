import type { Queryable } from "../../db/types.ts";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import { partiesOf } from "./claim-store.ts";
import { type ComposedBatch, composeBatch } from "./compose-batch.ts";
import { carriesBefore, referralsBefore } from "./store.ts";
import type { Tally } from "./tally.ts";

/**
 * The lines of a batch whose captures were added up, with what everybody carries out of the batches before it. It asks
 * the rows alone, so that builder and co-signer come to the same.
 */
export async function composeTally(
  sql: Queryable,
  { batchId, tally }: { batchId: bigint; tally: Tally },
): Promise<ComposedBatch | null> {
  const { payments, gross } = tally;
  const accounts = [PLATFORM_ACCOUNT, ...payments.map(({ accountId }) => accountId)];
  const earners = [PLATFORM_ACCOUNT, ...gross.map(({ accountId }) => accountId)];
  const carries = await carriesBefore(sql, { batchId, accounts, earners });
  const referrals = await referralsBefore(sql, { batchId, accounts });
  const referrers = [...referrals.referrerOf.values(), ...referrals.carried.keys()];
  const parties = await partiesOf(sql, [...new Set([...accounts, ...earners, ...referrers])]);
  const numbers = new Map(
    [...parties.values()].flatMap(({ accountId, number, isLasting }) =>
      isLasting && number !== null ? [[accountId, number] as const] : [],
    ),
  );
  return composeBatch({ payments, gross, numbers, carries, referrals });
}
