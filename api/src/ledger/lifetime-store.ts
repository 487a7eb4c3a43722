import { type NanoUsd, nanoUsd } from "@infr/money";
import type { Queryable } from "../db/types.ts";

/** All that an account ever got, and all that it was ever billed; the difference is what it has, held or not. */
export type Lifetime = { credited: NanoUsd; used: NanoUsd };

/** From balances and the few entries that grant platform-funded credit: the usage log may be long. */
export async function readLifetime(sql: Queryable, accountId: string): Promise<Lifetime> {
  const [row] = await sql<Array<{ used: bigint; owned: bigint }>>`
    select b.unsettled_nano + b.settled_nano + g.granted - b.funded_nano as used,
      b.chain_nano - b.debt_nano - b.unsettled_nano + b.funded_nano as owned
    from balances b cross join lateral (
      select coalesce(sum(amount_nano), 0)::bigint as granted from entries
      where credit_account = b.account_id and credit_book = 'funded'
    ) g
    where b.account_id = ${accountId}`;
  const { used, owned } = row ?? { used: 0n, owned: 0n };
  return { credited: nanoUsd(used + owned), used: nanoUsd(used) };
}
