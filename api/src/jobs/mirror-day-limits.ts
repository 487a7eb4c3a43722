import { creditEscrowAbi } from "@infr/contracts/abi";
import { microToNano, microUsdc } from "@infr/money";
import type { Chain } from "../chain/open.ts";
import type { Sql } from "../db/types.ts";
import { saveDayLimit, staleDayLimits } from "../ledger/chain-day-store.ts";

const FRESH_SECONDS = 10;
const MAX_ACCOUNTS = 100;

/**
 * Asks the contract for the day limits of accounts that are in use, and what it has let through of them, so that a hold
 * knows what could be settled. @returns how many were asked for
 */
export async function mirrorDayLimits({ sql, chain }: { sql: Sql; chain: Chain }): Promise<number> {
  const stale = await staleDayLimits(sql, { freshSeconds: FRESH_SECONDS, limit: MAX_ACCOUNTS });
  await Promise.all(
    stale.map(async ({ account_id: accountId, chain_account: number, known_at: knownAt }) => {
      const { dayLimit, used } = await chain.client.readContract({
        address: chain.escrow,
        abi: creditEscrowAbi,
        functionName: "accountOf",
        args: [Number(number)],
      });
      const nano = (micro: number) => microToNano(microUsdc(BigInt(micro)));
      await saveDayLimit(sql, { accountId, amount: nano(dayLimit), used: nano(used), knownAt });
    }),
  );
  return stale.length;
}
