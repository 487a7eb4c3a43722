import type { Queryable } from "../db/types.ts";

/** A counter that is not what it has to be; in nano-dollars, where the name says nothing else. */
export type Difference = { what: string; counter: bigint; recomputed: bigint };

/** One thing that is recomputed from entries, holds or the usage log. */
export type Check = { name: string; find: (sql: Queryable) => Promise<Difference[]> };

/** Everything that the ledger keeps twice. Read in one snapshot, or requests that come meanwhile look like differences. */
export const CHECKS: Check[] = [
  { name: "balances are the sums of their entries", find: balances },
  { name: "what is held is the sum of the holds", find: held },
  { name: "the books' total is zero", find: total },
  { name: "captures are booked as they were logged", find: captures },
  { name: "what was charged follows from its price version", find: prices },
  { name: "limits are counted as the log and the holds say", find: limits },
  { name: "holds of jobs have left what was not captured", find: jobs },
  { name: "sums of usage by day are those of the log", find: usageDays },
  { name: "moves on their way are held, and counted as shared", find: moves },
  { name: "lots are what was granted, used and taken back", find: lots },
  { name: "recharges are counted as their rows say", find: recharges },
  { name: "account 1 has to cover what the lots say", find: funding },
];

function balances(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    with truth as (
      select b.account_id,
        coalesce(sum(-amount_nano) filter (where book = 'credit'), 0)::bigint as chain,
        coalesce(sum(amount_nano) filter (where book = 'debt'), 0)::bigint as debt,
        coalesce(sum(amount_nano) filter (where book = 'usage' and b.account_id <> 'acct_platform'), 0)::bigint as unsettled,
        coalesce(sum(-amount_nano) filter (where book = 'funded'), 0)::bigint as funded,
        coalesce(sum(amount_nano) filter (where book = 'written_off'), 0)::bigint as written_off,
        coalesce(sum(-amount_nano) filter (
          where book = 'usage' and (
            cause like 'settle:%' or cause like 'reverse:settle:%' or cause like 'void:%' or cause like 'reverse:void:%'
          )), 0)::bigint as settled
      from balances b left join entry_sides using (account_id) group by 1
    )
    select c.what || ' of ' || b.account_id as what, c.counter, c.recomputed
    from balances b join truth t using (account_id)
    cross join lateral (values
      ('chain', b.chain_nano, t.chain),
      ('debt', b.debt_nano, t.debt),
      ('unsettled', b.unsettled_nano, t.unsettled),
      ('funded', b.funded_nano, t.funded),
      ('written off', b.written_off_nano, t.written_off),
      ('settled', b.settled_nano, t.settled)
    ) c(what, counter, recomputed)
    where c.counter <> c.recomputed`;
}

function held(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    with truth as (
      select account_id, sum(paid_nano)::bigint as paid, sum(funded_nano)::bigint as funded from holds group by 1
    )
    select c.what || ' of ' || account_id as what, c.counter, c.recomputed
    from balances b full join truth t using (account_id)
    cross join lateral (values
      ('held', coalesce(b.held_nano, 0), coalesce(t.paid, 0)),
      ('held of funded', coalesce(b.funded_held_nano, 0), coalesce(t.funded, 0))
    ) c(what, counter, recomputed)
    where c.counter <> c.recomputed`;
}

function total(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    select 'total of the books' as what, total as counter, 0::bigint as recomputed
    from (select coalesce(sum(amount_nano), 0)::bigint as total from entry_sides) t where total <> 0`;
}

/** In both directions: a row of the log that nobody paid, and a payment for what nobody was served. */
function captures(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    with booked as (
      select substr(cause, 9) as request_id, sum(amount_nano)::bigint as amount
      from entries where credit_book = 'unsettled' and cause like 'capture:%' group by 1
    ), logged as (
      select request_id, sum(cost_nano)::bigint as cost from usage group by 1
    )
    select 'captured of ' || request_id as what, coalesce(cost, 0) as counter, coalesce(amount, 0) as recomputed
    from logged full join booked using (request_id)
    where coalesce(cost, 0) <> coalesce(amount, 0)`;
}

function prices(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    select 'cost of ' || request_id as what, cost_nano as counter, priced::bigint as recomputed
    from (
      select u.request_id, u.cost_nano, u.prompt_tokens::numeric * p.prompt_nano + u.cached_tokens::numeric * p.cached_nano
        + u.completion_tokens::numeric * p.completion_nano + u.reasoning_tokens::numeric * p.reasoning_nano
        + u.units::numeric * p.unit_nano as priced
      from usage u join prices p using (price_version)
    ) u
    where cost_nano <> priced`;
}

function limits(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    select c.what || ' of the ' || l.period || ' limit ' || l.scope || ':' || l.subject_id as what, c.counter, c.recomputed
    from limit_truth l
    cross join lateral (values
      ('used', l.used_nano, l.true_used_nano),
      ('held', l.held_nano, l.true_held_nano)
    ) c(what, counter, recomputed)
    where c.counter <> c.recomputed`;
}

/** The cost stands for its row: any other column that differs is shown by the same name. */
function usageDays(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    with sums as (
      select account_id, day, model, node_id, key_id, user_id, status, sum(requests)::bigint as requests,
        sum(prompt_tokens)::bigint as prompt_tokens, sum(cached_tokens)::bigint as cached_tokens,
        sum(completion_tokens)::bigint as completion_tokens, sum(reasoning_tokens)::bigint as reasoning_tokens,
        sum(units)::bigint as units, sum(cost_nano)::bigint as cost_nano, sum(funded_nano)::bigint as funded_nano
      from usage_sums group by 1, 2, 3, 4, 5, 6, 7
    ), differing as (
      (select * from sums except select * from usage_truth) union (select * from usage_truth except select * from sums)
    )
    select 'usage of ' || d.account_id || ' on ' || d.day || ' (' || concat_ws(', ', d.model, d.node_id, d.key_id, d.user_id, d.status)
      || ')' as what, coalesce(s.cost_nano, 0) as counter, coalesce(t.cost_nano, 0) as recomputed
    from (select distinct account_id, day, model, node_id, key_id, user_id, status from differing) d
    left join sums s using (account_id, day, model, node_id, key_id, user_id, status)
    left join usage_truth t using (account_id, day, model, node_id, key_id, user_id, status)`;
}

function moves(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    select 'held for ' || coalesce(m.move_id, h.request_id) as what, coalesce(h.paid_nano + h.funded_nano, 0) as counter,
      coalesce(m.amount_micro * 1000, 0) as recomputed
    from (select * from moves where state = 'pending' and moved_event_id is null) m
    full join (select * from holds where expires_at = 'infinity') h
      on h.account_id = m.account_id and h.request_id = m.move_id
    where coalesce(h.paid_nano + h.funded_nano, 0) <> coalesce(m.amount_micro * 1000, 0)
    union all
    select 'shared by ' || l.account_id, l.used_nano, t.shared
    from limits l cross join lateral (
      select coalesce(sum(amount_micro * 1000), 0)::bigint as shared from moves m
      where m.account_id = l.account_id and m.counted_at >= l.period_start
    ) t
    where l.scope = 'sharing' and l.used_nano <> t.shared`;
}

function jobs(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    select c.what || ' of ' || j.hold_id as what, c.counter, c.recomputed
    from job_holds j
    left join holds h on h.account_id = j.account_id and h.request_id = j.hold_id
    left join (
      select m.hold_id, sum(u.cost_nano)::bigint as cost, count(*) as events
      from meter_events m join usage u using (request_id) group by 1
    ) m using (hold_id)
    cross join lateral (values
      ('captured', j.captured_nano, coalesce(m.cost, 0)),
      ('events', j.events, coalesce(m.events, 0)),
      ('left', coalesce(h.paid_nano + h.funded_nano, 0), case j.state when 'open' then j.amount_nano - j.captured_nano else 0 end)
    ) c(what, counter, recomputed)
    where c.counter <> c.recomputed`;
}

/**
 * What lots have left, less usage that no lot was charged for yet, is the account's counter; here that usage comes from the
 * log, which the lots themselves never read. Each lot is moved by its own entries.
 */
function lots(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    with had as (
      select account_id, sum(amount_nano - taken_nano - converted_nano)::bigint as amount, sum(used_nano)::bigint as used from lots group by 1
    ), logged as (
      select account_id, sum(funded_nano)::bigint as used from usage where funded_nano > 0 group by 1
    ), booked as (
      select split_part(cause, ':', 2) as lot_id, sum(-amount_nano)::bigint as amount
      from entry_sides where book = 'funded' and cause not like 'capture:%' group by 1
    )
    select 'funded less its usage of ' || account_id as what, b.funded_nano as counter,
      coalesce(h.amount, 0) - coalesce(l.used, 0) as recomputed
    from balances b left join had h using (account_id) left join logged l using (account_id)
    where b.funded_nano <> coalesce(h.amount, 0) - coalesce(l.used, 0)
    union all
    select 'usage charged to lots of ' || account_id, h.used, coalesce(l.used, 0)
    from had h left join logged l using (account_id) where h.used > coalesce(l.used, 0)
    union all
    select 'amount of ' || lot_id, coalesce(l.amount_nano - l.taken_nano - l.converted_nano, 0), coalesce(b.amount, 0)
    from lots l full join booked b using (lot_id)
    where coalesce(l.amount_nano - l.taken_nano - l.converted_nano, 0) <> coalesce(b.amount, 0)`;
}

function funding(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    select 'granted in all' as what, granted_nano as counter, had as recomputed
    from funding cross join (select coalesce(sum(amount_nano - taken_nano - converted_nano), 0)::bigint as had from lots) l
    where granted_nano <> had`;
}

function recharges(sql: Queryable): Promise<Difference[]> {
  return sql<Difference[]>`
    select c.what || ' by recharging of ' || l.account_id as what, c.counter, c.recomputed
    from limits l cross join lateral recharge_truth(l.account_id, l.period_start) t
    cross join lateral (values ('used', l.used_nano, t.used), ('held', l.held_nano, t.held)) c(what, counter, recomputed)
    where l.scope = 'recharge' and c.counter <> c.recomputed`;
}
