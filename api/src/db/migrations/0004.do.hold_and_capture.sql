-- Group commit: one call carries everything that queued up in a process. The first statements lock, those after it see
-- a new snapshot (read committed), check with running sums, and write. Everything is idempotent by request id.

-- Cap of an account's on-chain debt, in nano-dollars.
create function debt_cap_nano() returns bigint language sql immutable as $$ select 2000000000::bigint $$;

-- What an account may overdraw: never more than the platform has earned from it (at least 19 % of settled paid usage).
create function allowance_nano(b balances) returns bigint language sql immutable as $$
  select greatest(0, least(debt_cap_nano() - b.debt_nano, b.settled_nano * 19 / 100 - b.written_off_nano))
$$;

create type commit_result as (
  request_id text,
  outcome text,        -- held | refused | retry | captured | released | unknown_hold | cost_above_hold | unknown_account
  granted_nano bigint, -- of a hold
  spendable_nano bigint, -- of the account, before a hold, after a capture
  refused_by text,     -- 'balance', or scope and subject of the limit that refused
  refused_limit json   -- of that limit: period, amount_nano and left_nano (as text)
);

-- Locks accounts in id order and begins the windows of their limits that are due.
-- Returns the moment that this commit is counted at. It is taken under the locks, so no two commits of an account
-- disagree on which came first, and a capture falls into the window that its limits are in, also at midnight.
create function lock_accounts(p_accounts text[]) returns timestamptz language plpgsql as $$
declare
  moment timestamptz;
begin
  perform from balances where account_id = any (p_accounts) order by account_id for update;
  -- Limits need no lock of their own: they are changed under their account's. A clock that was set back must not fall
  -- into a window that has ended.
  select greatest(clock_timestamp(), max(period_start)) into moment from limits
    where account_id = any (p_accounts) and scope <> 'chain_day';
  update limits set used_nano = 0, period_start = start_of_period(period, moment)
    where account_id = any (p_accounts) and period_start < start_of_period(period, moment) and scope <> 'chain_day';
  return moment;
end $$;

-- The same for a process, which has to have its lease.
create function ledger_lock(p_instance text, p_accounts text[]) returns timestamptz language plpgsql as $$
begin
  -- A key-share lock lets the lease be renewed meanwhile, but not the instance be declared dead.
  perform from instances where instance_id = p_instance and lease_until > clock_timestamp() for key share;
  if not found then
    raise exception 'instance % has no lease', p_instance using errcode = 'object_not_in_prerequisite_state';
  end if;
  return lock_accounts(p_accounts);
end $$;

-- Places holds in the order given. A hold gets its worst case, or what is left of balance and limits, if that is at
-- least its floor. What would not fit by itself is refused; what only the earlier ones in this call leave no room for is
-- sent back as 'retry', because those may get less than their worst case.
create function place_holds(p_instance text, p_holds json) returns setof commit_result language plpgsql as $$
begin
  return query
  with asked as (
    select distinct on (h.request_id) h.* from json_to_recordset(p_holds)
      as h(n int, request_id text, account_id text, worst_nano bigint, floor_nano bigint, subjects text[],
        paid_only boolean)
    order by h.request_id, h.n
  ), fresh as (
    select a.* from asked a
    where not exists (select from holds h where h.account_id = a.account_id and h.request_id = a.request_id)
  ), room as (
    select f.*, g.funded, allowance_nano(b) as allowance, unsettled_nano + held_nano as owed,
      chain_nano - debt_nano - unsettled_nano - held_nano + g.funded as spendable
    from fresh f join balances b using (account_id)
      cross join lateral (select case when f.paid_only then 0 else funded_nano - funded_held_nano end as funded) g
  ), limit_room as (
    -- The contract's limit is on what the account itself pays, and counts from balances: see `chain_day_used`.
    -- An account may have thousands of limits: those of a hold are looked up one by one, which `offset` keeps a planner to.
    select f.n, l.*
    from room f cross join lateral (
      select split_part(subject, ':', 1) as scope, substr(subject, strpos(subject, ':') + 1) as subject_id
      from unnest(f.subjects) subject
      union
      select 'chain_day', f.account_id
    ) s cross join lateral (
      select l.limit_id, l.scope, l.scope || ':' || l.subject_id as name, l.period, l.amount_nano,
        case l.scope when 'chain_day' then l.amount_nano - chain_day_used(l) - f.owed + f.funded
          else l.amount_nano - l.used_nano - l.held_nano end as left_nano
      from limits l
      where l.account_id = f.account_id and l.scope = s.scope and l.subject_id = s.subject_id
      offset 0
    ) l
  ), alone as (
    -- Nobody is granted more than what is left, and sums of what was asked for may not fit a number.
    select r.n, r.request_id, r.account_id, least(r.worst_nano, r.spendable + r.allowance) as worst_nano, r.floor_nano,
      r.subjects, r.funded, r.allowance, r.spendable, t.period, t.amount_nano, t.left_nano,
      case
        when r.spendable <= 0 or r.spendable + r.allowance < r.floor_nano then 'balance'
        when t.left_nano < r.floor_nano then t.name
      end as refused
    from room r left join (
      select distinct on (n) * from limit_room order by n, left_nano, limit_id
    ) t using (n)
  ), behind as (
    select a.*, coalesce(sum(worst_nano) over (
      partition by account_id order by n rows between unbounded preceding and 1 preceding), 0)::bigint as earlier
    from alone a where refused is null
  ), limits_behind as (
    select n, array_agg(limit_id) filter (where scope <> 'chain_day') as limit_ids, min(left_nano - earlier) as left_nano
    from (
      select l.n, l.limit_id, l.scope, l.left_nano, coalesce(sum(b.worst_nano) over (
        partition by l.limit_id order by n rows between unbounded preceding and 1 preceding), 0)::bigint as earlier
      from limit_room l join behind b using (n)
    ) l group by n
  ), decided as (
    select b.*, coalesce(l.limit_ids, '{}') as limit_ids,
      least(b.worst_nano, b.spendable + b.allowance - b.earlier, coalesce(l.left_nano, b.worst_nano)) as granted,
      b.spendable - b.earlier > 0 as admitted
    from behind b left join limits_behind l using (n)
  ), placed as (
    insert into holds (account_id, request_id, instance_id, paid_nano, funded_nano, limit_ids, subjects)
    select d.account_id, d.request_id, p_instance,
      d.granted - greatest(0, least(d.granted, d.funded - d.earlier)), greatest(0, least(d.granted, d.funded - d.earlier)), d.limit_ids, d.subjects
    from decided d where d.admitted and d.granted >= d.floor_nano
    returning *
  ), balanced as (
    update balances b set held_nano = b.held_nano + p.paid, funded_held_nano = b.funded_held_nano + p.funded
    from (select account_id, sum(paid_nano)::bigint as paid, sum(funded_nano)::bigint as funded from placed group by 1) p
    where b.account_id = p.account_id
  ), counted as (
    update limits l set held_nano = l.held_nano + p.held
    from (select limit_id, sum(paid_nano + funded_nano)::bigint as held from placed, unnest(limit_ids) limit_id group by 1) p
    where l.limit_id = p.limit_id
  )
  select d.request_id, case when p.request_id is null then 'retry' else 'held' end,
    case when p.request_id is not null then d.granted end, d.spendable, null, null::json
  from decided d left join placed p using (request_id)
  union all
  select a.request_id, 'refused', null, a.spendable, a.refused, case when a.refused <> 'balance' then
      json_build_object('period', a.period, 'amount_nano', a.amount_nano::text, 'left_nano', a.left_nano::text) end
  from alone a where a.refused is not null
  union all
  select a.request_id, 'held', h.paid_nano + h.funded_nano, null, null, null
  from asked a join holds h using (account_id, request_id)
  where not exists (select from fresh f where f.request_id = a.request_id)
  union all
  select f.request_id, 'unknown_account', null, null, null, null
  from fresh f where not exists (select from balances b where b.account_id = f.account_id);
end $$;

-- Ends holds: with a usage row and its entries (captures), or without (releases, which are captures of nothing).
-- Nothing is joined here but by an index: a few rows with a table that may be long.
create function end_holds(p_captures json, p_releases json, p_moment timestamptz) returns setof commit_result
language plpgsql set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  done text[];
  done_accounts text[];
begin
  with asked as (
    select distinct on (c.request_id) c.*,
      c.prompt_nano + c.cached_nano + c.completion_nano + c.reasoning_nano as cost
    from json_to_recordset(p_captures) as c(
      request_id text, account_id text, started_at timestamptz, key_id text, user_id text, model text, node_id text,
      operator_id text, price_version text, prompt_tokens int, cached_tokens int, completion_tokens int,
      reasoning_tokens int, prompt_nano bigint, cached_nano bigint, completion_nano bigint, reasoning_nano bigint,
      latency_ms int, status text, usage_source text, reported_tokens bigint, receipt_salt text)
    order by c.request_id
  ), captured as (
    select a.*, least(a.cost, h.funded_nano) as from_funded
    from asked a join holds h using (account_id, request_id)
    where a.cost between 0 and h.paid_nano + h.funded_nano and h.expires_at is null
  ), used as (
    insert into usage (account_id, started_at, captured_at, request_id, key_id, user_id, model, node_id, operator_id, price_version,
      prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, prompt_nano, cached_nano, completion_nano,
      reasoning_nano, cost_nano, funded_nano, latency_ms, status, usage_source, reported_tokens, receipt_salt)
    select account_id, started_at, p_moment, request_id, key_id, user_id, model, node_id, operator_id, price_version,
      prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, prompt_nano, cached_nano, completion_nano,
      reasoning_nano, cost, from_funded, latency_ms, status, usage_source, reported_tokens, decode(receipt_salt, 'hex')
    from captured
  ), booked as (
    insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
    select 'capture:' || c.request_id, e.line, e.debit_book, e.debit_account, e.credit_book, e.credit_account, e.amount
    from captured c cross join lateral (values
      (1, 'usage'::book, c.account_id, 'unsettled'::book, c.operator_id, c.cost - c.from_funded),
      (2, 'usage', 'acct_platform', 'unsettled', c.operator_id, c.from_funded),
      (3, 'funded', c.account_id, 'grants', 'acct_platform', c.from_funded)
    ) e(line, debit_book, debit_account, credit_book, credit_account, amount)
    where e.amount > 0
  ), ended as (
    delete from holds h using (
      select account_id, request_id, cost from captured
      union all
      select r.account_id, r.request_id, 0 from json_to_recordset(p_releases) as r(request_id text, account_id text)
    ) e
    -- A job's hold ends by `end_job_holds` alone: a process that never heard that it is a job's by now releases it here.
    where h.account_id = e.account_id and h.request_id = e.request_id and h.expires_at is null
    returning h.*, e.cost
  ), balanced as (
    update balances b set held_nano = b.held_nano - e.paid, funded_held_nano = b.funded_held_nano - e.funded
    from (select account_id, sum(paid_nano)::bigint as paid, sum(funded_nano)::bigint as funded from ended group by 1) e
    where b.account_id = e.account_id
  ), counted as (
    update limits l set held_nano = l.held_nano - e.held, used_nano = l.used_nano + e.used
    from (select limit_id, sum(paid_nano + funded_nano)::bigint as held, sum(cost)::bigint as used
          from ended, unnest(limit_ids) limit_id group by 1) e
    where l.limit_id = e.limit_id
  )
  select array_agg(request_id), array_agg(account_id) into done, done_accounts from captured;

  -- A new snapshot: what the captures left.
  return query
  select d.request_id, 'captured', null::bigint,
    b.chain_nano - b.debt_nano - b.unsettled_nano - b.held_nano + b.funded_nano - b.funded_held_nano, null::text, null::json
  from unnest(done, done_accounts) d(request_id, account_id) join balances b using (account_id)
  union all
  select r.request_id, 'released', null, null, null, null
  from json_to_recordset(p_releases) as r(request_id text, account_id text);

  -- Rare: captures that were asked for before, or that nothing is held for.
  if coalesce(cardinality(done), 0) < json_array_length(p_captures) then
    return query
    select distinct on (c.request_id) c.request_id,
      case
        when u.request_id is not null then 'captured'
        when h.request_id is not null then 'cost_above_hold'
        else 'unknown_hold'
      end, null::bigint, null::bigint, null::text, null::json
    from json_to_recordset(p_captures) as c(request_id text, account_id text, started_at timestamptz)
      left join usage u on u.account_id = c.account_id and u.started_at = c.started_at and u.request_id = c.request_id
      left join holds h on h.account_id = c.account_id and h.request_id = c.request_id and h.expires_at is null
    where c.request_id <> all (coalesce(done, '{}'));
  end if;
end $$;

-- The tables are empty when a connection plans these statements and keeps the plans: indexes only, or they would go on
-- reading a usage log of any length from end to end.
create function ledger_commit(p_instance text, p_accounts text[], p_holds json, p_captures json, p_releases json)
returns setof commit_result language plpgsql set enable_seqscan = off as $$
declare
  moment timestamptz := ledger_lock(p_instance, p_accounts);
begin
  if p_captures is not null or p_releases is not null then
    return query select * from end_holds(coalesce(p_captures, '[]'), coalesce(p_releases, '[]'), moment);
  else
    -- Holds alone need not wait for the disk: if the database loses one in a crash, its capture is refused and its answer
    -- withheld. Whatever ends a hold is on disk before anybody is told, and with it all that came before.
    perform set_config('synchronous_commit', 'off', true);
  end if;
  if p_holds is not null then
    return query select * from place_holds(p_instance, p_holds);
  end if;
end $$;

-- Releases, unbilled, what instances left behind whose lease ran out. Returns the number of holds released.
create function release_dead_instances() returns integer language plpgsql as $$
declare
  dead text[];
  released integer;
begin
  select array_agg(instance_id) into dead from (
    select instance_id from instances where lease_until < clock_timestamp() order by instance_id for update skip locked
  ) i;
  if dead is null then return 0; end if;
  perform from balances where account_id in (select account_id from holds where instance_id = any (dead))
    order by account_id for update;
  with ended as (
    delete from holds where instance_id = any (dead) returning *
  ), balanced as (
    update balances b set held_nano = b.held_nano - e.paid, funded_held_nano = b.funded_held_nano - e.funded
    from (select account_id, sum(paid_nano)::bigint as paid, sum(funded_nano)::bigint as funded from ended group by 1) e
    where b.account_id = e.account_id
  ), counted as (
    update limits l set held_nano = l.held_nano - e.held
    from (select limit_id, sum(paid_nano + funded_nano)::bigint as held from ended, unnest(limit_ids) limit_id group by 1) e
    where l.limit_id = e.limit_id
  )
  select count(*) into released from ended;
  delete from instances where instance_id = any (dead);
  return released;
end $$;
