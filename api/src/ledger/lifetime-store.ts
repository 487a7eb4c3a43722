import { type NanoUsd, nanoUsd } from "@infr/money";
import type { Queryable } from "../db/types.ts";

/** All that an account ever got, and all that it was ever billed; the difference is what it has, held or not. */
export type Lifetime = { credited: NanoUsd; used: NanoUsd };

/** From balances and the few lots of platform-funded credit, without what was taken back: the usage log may be long. */
export async function readLifetime(sql: Queryable, accountId: string): Promise<Lifetime> {
  const [row] = await sql<Array<{ used: bigint; owned: bigint }>>`
    select b.unsettled_nano + b.settled_nano + g.granted - b.funded_nano as used,
      b.chain_nano - b.debt_nano - b.unsettled_nano + b.funded_nano as owned
    from balances b cross join lateral (
      select coalesce(sum(amount_nano - taken_nano - converted_nano), 0)::bigint as granted from lots where account_id = b.account_id
    ) g
    where b.account_id = ${accountId}`;
  const { used, owned } = row ?? { used: 0n, owned: 0n };
  return { credited: nanoUsd(used + owned), used: nanoUsd(used) };
}
