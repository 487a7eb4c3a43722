import type { Queryable, Sql, Tx } from "../db/types.ts";

/** Totals of the books, in nano-dollars, each with the sign that makes it positive. */
export type LedgerTotals = {
  /** USDC in the contract, as booked. */
  escrow: bigint;
  /** Owed to accounts, spendable or pending. */
  credit: bigint;
  /** Owed to earners. */
  earnings: bigint;
  /** Owed to whoever redeems a voucher. */
  vouchers: bigint;
  /** Metered from accounts and not settled. */
  usage: bigint;
  /** Metered for operators, gross, and not settled. */
  unsettled: bigint;
  /** Platform-funded credit. */
  funded: bigint;
  /** Owed by accounts. */
  debt: bigint;
  /** Set aside for running requests. */
  held: bigint;
};

export async function ledgerTotals(sql: Queryable): Promise<LedgerTotals> {
  const [row] = await sql<[LedgerTotals]>`
    select
      coalesce(sum(amount_nano) filter (where book = 'escrow'), 0)::bigint as escrow,
      coalesce(sum(-amount_nano) filter (where book::text in ('credit', 'pending')), 0)::bigint as credit,
      coalesce(sum(-amount_nano) filter (where book = 'earnings'), 0)::bigint as earnings,
      coalesce(sum(-amount_nano) filter (where book = 'vouchers'), 0)::bigint as vouchers,
      coalesce(sum(amount_nano) filter (where book = 'usage'), 0)::bigint as usage,
      coalesce(sum(-amount_nano) filter (where book = 'unsettled'), 0)::bigint as unsettled,
      coalesce(sum(-amount_nano) filter (where book = 'funded'), 0)::bigint as funded,
      coalesce(sum(amount_nano) filter (where book = 'debt'), 0)::bigint as debt,
      (select coalesce(sum(held_nano + funded_held_nano), 0)::bigint from balances) as held
    from entry_sides`;
  return row;
}

export type OnChainAccount = {
  account_id: string;
  chain_account: bigint;
  chain_nano: bigint;
  debt_nano: bigint;
  earnings_nano: bigint;
  /** As events said; null where none has. */
  owner: string | null;
  day_limit_micro: bigint | null;
  suspended_until: bigint | null;
};

/** Accounts that the contract knows, with what the ledger says of them. */
export async function onChainAccounts(sql: Queryable): Promise<OnChainAccount[]> {
  return sql<OnChainAccount[]>`
    select a.account_id, a.chain_account, (b.chain_nano + coalesce(p.pending, 0))::bigint as chain_nano, b.debt_nano, coalesce(e.earnings, 0)::bigint as earnings_nano,
      coalesce(f.owner, a.owner) as owner, f.day_limit_micro, f.suspended_until
    from accounts a
    join balances b using (account_id)
    left join (
      select account_id, sum(-amount_nano) as earnings from entry_sides where book = 'earnings' group by 1
    ) e using (account_id)
    left join (
      select account_id, sum(-amount_nano) as pending from entry_sides where book::text = 'pending' group by 1
    ) p using (account_id)
    left join (
      select account_id, max(value) filter (where what = 'owner') as owner,
        max(value) filter (where what = 'day_limit')::bigint as day_limit_micro,
        max(value) filter (where what = 'suspended_until')::bigint as suspended_until
      from account_facts group by 1
    ) f using (account_id)
    where a.chain_account is not null
    order by a.chain_account`;
}

export type OpenVoucher = { key: `0x${string}`; amount_nano: bigint };

/** Vouchers under which the ledger has credit. */
export async function openVouchers(sql: Queryable): Promise<OpenVoucher[]> {
  return sql<OpenVoucher[]>`
    select account_id as key, sum(-amount_nano)::bigint as amount_nano from entry_sides
    where book = 'vouchers' group by 1 having sum(amount_nano) <> 0 order by 1`;
}

/** How far the ledger has followed the chain. */
export type Booked = {
  /** The newest block of a booked event, -1 before the first. */
  block: bigint;
  block_hash: string | null;
  events: number;
};

export async function bookedUpTo(sql: Queryable): Promise<Booked> {
  const [row] = await sql<[Booked]>`
    select coalesce(max(block_number), -1) as block, (array_agg(block_hash order by block_number desc))[1] as block_hash,
      count(*)::int as events
    from chain_events where reversed_at is null`;
  return row;
}

export type EventCount = { kind: string; booked: number; indexed: number };

/** Events up to a block as the ledger has booked them and as the indexer has rows, by kind. */
export async function eventCounts(
  sql: Queryable,
  { schema, block, kinds }: { schema: string; block: bigint; kinds: string[] },
): Promise<EventCount[]> {
  const counts: EventCount[] = [];
  for (const kind of kinds) {
    const [row] = await sql<[EventCount]>`
      select ${kind}::text as kind,
        (select count(*)::int from chain_events
          where kind = ${kind} and reversed_at is null and block_number <= ${block}) as booked,
        (select count(*)::int from ${sql(schema)}.${sql(kind)} where block_number <= ${block}) as indexed`;
    counts.push(row);
  }
  return counts;
}

/** What the contract owes by the indexer's rows alone: what came in, less what went out. In µUSDC. */
export async function liabilitiesByEvents(
  sql: Queryable,
  { schema, block }: { schema: string; block: bigint },
): Promise<bigint> {
  const sum = (table: string) => sql`
    (select coalesce(sum(amount), 0) from ${sql(schema)}.${sql(table)} where block_number <= ${block})`;
  const [row] = await sql<[{ owed: bigint }]>`
    select (${sum("deposited")} - ${sum("paid_out")} - ${sum("exited")} - ${sum("migrated")})::bigint as owed`;
  return row.owed;
}

/** A place where two of them do not say the same: nano-dollars, or numbers of events. */
export type Difference = { what: string; accountId: string | null; ledger: bigint; chain: bigint };

/** Ledger and contract side by side at a block. `ok`: no difference. Amounts in nano-dollars. */
export type Reconciliation = {
  block: bigint;
  blockHash: string;
  accounts: number;
  vouchers: number;
  events: number;
  usdcHeld: bigint;
  liabilities: bigint;
  ledger: LedgerTotals;
  differences: Difference[];
  ok: boolean;
  tookMs: number;
  finishedAt: Date;
};

/** Notes a result, differences in rows of their own. */
export async function saveReconciliation(tx: Tx, result: Reconciliation): Promise<void> {
  const ledger = Object.fromEntries(Object.entries(result.ledger).map(([book, nano]) => [book, String(nano)]));
  const [row] = await tx<[{ reconciliation_id: bigint }]>`
    insert into reconciliations (block_number, block_hash, ok, accounts, vouchers, events, usdc_held_nano,
      liabilities_nano, ledger, took_ms, finished_at)
    values (${result.block}, ${result.blockHash}, ${result.ok}, ${result.accounts}, ${result.vouchers}, ${result.events},
      ${result.usdcHeld}, ${result.liabilities}, ${tx.json(ledger)}, ${Math.round(result.tookMs)}, ${result.finishedAt})
    returning reconciliation_id`;
  const found = result.differences;
  if (found.length === 0) return;
  await tx`
    insert into reconciliation_differences (reconciliation_id, line, what, account_id, ledger, chain)
    select ${row.reconciliation_id}, d.line, d.what, d.account_id, d.ledger, d.chain
    from unnest(${found.map(({ what }) => what)}::text[], ${found.map(({ accountId }) => accountId)}::text[],
      ${found.map(({ ledger: nano }) => String(nano))}::numeric[], ${found.map(({ chain }) => String(chain))}::numeric[])
      with ordinality d(what, account_id, ledger, chain, line)`;
}

/** How many of the kept results found something. */
export async function reconciliationCounts(sql: Queryable): Promise<{ with_differences: number }> {
  const [row] = await sql<[{ with_differences: number }]>`
    select count(*)::int as with_differences from reconciliations where not ok`;
  return row;
}

/** Forgets results that found nothing and are old; what was found is kept. */
export async function trimReconciliations(sql: Sql, { keepDays }: { keepDays: number }): Promise<void> {
  await sql`delete from reconciliations where ok and finished_at < now() - make_interval(days => ${keepDays}::int)`;
}

type StoredRow = {
  reconciliation_id: bigint;
  block_number: bigint;
  block_hash: string;
  ok: boolean;
  accounts: number;
  vouchers: number;
  events: number;
  usdc_held_nano: bigint;
  liabilities_nano: bigint;
  ledger: Record<keyof LedgerTotals, string>;
  took_ms: number;
  finished_at: Date;
};

/** The newest result. */
export async function newestReconciliation(sql: Queryable): Promise<Reconciliation | undefined> {
  const [row] = await sql<StoredRow[]>`select * from reconciliations order by reconciliation_id desc limit 1`;
  if (!row) return undefined;
  const found = await sql<Array<{ what: string; account_id: string | null; ledger: string; chain: string }>>`
    select what, account_id, ledger::text, chain::text from reconciliation_differences
    where reconciliation_id = ${row.reconciliation_id} order by line`;
  return {
    block: row.block_number,
    blockHash: row.block_hash,
    accounts: row.accounts,
    vouchers: row.vouchers,
    events: row.events,
    usdcHeld: row.usdc_held_nano,
    liabilities: row.liabilities_nano,
    ledger: totalsOf(row.ledger),
    differences: found.map(({ what, account_id: accountId, ledger, chain }) => ({
      what,
      accountId,
      ledger: BigInt(ledger),
      chain: BigInt(chain),
    })),
    ok: row.ok,
    tookMs: row.took_ms,
    finishedAt: row.finished_at,
  };
}

const totalsOf = (ledger: StoredRow["ledger"]): LedgerTotals => ({
  escrow: BigInt(ledger.escrow),
  credit: BigInt(ledger.credit),
  earnings: BigInt(ledger.earnings),
  vouchers: BigInt(ledger.vouchers),
  usage: BigInt(ledger.usage),
  unsettled: BigInt(ledger.unsettled),
  funded: BigInt(ledger.funded),
  debt: BigInt(ledger.debt),
  held: BigInt(ledger.held),
});
