-- Group commit: one call carries everything that queued up in a process. The first statements lock, those after it see
-- a new snapshot (read committed), check with running sums, and write. Everything is idempotent by request id.
-- What a lone request costs is to start statements, and a node or a check of one costs what a row does: so they are small,
-- and those that have nothing to do are not started.

-- Cap of an account's on-chain debt, in nano-dollars.
create function debt_cap_nano() returns bigint language sql immutable as $$ select 2000000000::bigint $$;

-- What an account may overdraw: never more than the platform has earned from it (at least 19 % of settled paid usage).
create function allowance_nano(b balances) returns bigint language sql immutable as $$
  select greatest(0, least(debt_cap_nano() - b.debt_nano, b.settled_nano * 19 / 100 - b.written_off_nano))
$$;

-- What a process asks for, at most one thing for each request in a call; `HoldOperation` and `CaptureOperation` say what
-- the fields mean.
create type hold_request as (
  request_id text, account_id text, worst_nano bigint, floor_nano bigint, subjects text[], paid_only boolean
);
create type capture_request as (
  request_id text, account_id text, started_at timestamptz, key_id text, user_id text, model text, node_id text,
  operator_id text, price_version text, prompt_tokens integer, cached_tokens integer, completion_tokens integer,
  reasoning_tokens integer, prompt_nano bigint, cached_nano bigint, completion_nano bigint, reasoning_nano bigint,
  latency_ms integer, status text, usage_source text, reported_tokens bigint, receipt_salt text
);
create type release_request as (request_id text, account_id text);

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
  newest timestamptz; -- of the windows that limits are in
  moment timestamptz;
begin
  perform from balances where account_id = any (p_accounts) order by account_id for update;
  -- Limits need no lock of their own: they are changed under their account's. A clock that was set back must not fall
  -- into a window that has ended.
  newest := (select max(period_start) from limits where account_id = any (p_accounts) and scope <> 'chain_day');
  moment := greatest(clock_timestamp(), newest);
  if newest is not null then
    update limits set used_nano = 0, period_start = start_of_period(period, moment)
      where account_id = any (p_accounts) and period_start < start_of_period(period, moment) and scope <> 'chain_day';
  end if;
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

-- The accounts of everything that is asked for. A loop costs a lone request less than a query does.
create function accounts_of(p_holds hold_request[], p_captures capture_request[], p_releases release_request[])
returns text[] language plpgsql immutable as $$
declare
  hold hold_request;
  capture capture_request;
  release release_request;
  accounts text[] := '{}';
begin
  foreach hold in array p_holds loop accounts := array_append(accounts, hold.account_id); end loop;
  foreach capture in array p_captures loop accounts := array_append(accounts, capture.account_id); end loop;
  foreach release in array p_releases loop accounts := array_append(accounts, release.account_id); end loop;
  return accounts;
end $$;

-- What a limit leaves.
create type room_of_limit as (limit_id bigint, name text, period text, amount_nano bigint, left_nano bigint);

-- The limits that stand on these subjects. An account may have thousands: they are looked up one by one.
create function rooms_of_limits(p_account text, p_subjects text[]) returns setof room_of_limit language sql stable as $$
  select distinct l.limit_id, s.name, l.period, l.amount_nano, l.amount_nano - l.used_nano - l.held_nano
  from unnest(p_subjects) s(name) cross join lateral (
    select * from limits l where l.account_id = p_account and l.scope = split_part(s.name, ':', 1)
      and l.scope <> 'chain_day' and l.subject_id = substr(s.name, strpos(s.name, ':') + 1) offset 0
  ) l
  order by l.limit_id
$$;

-- What of a chain_day limit, a bucket that its amount drains in a day, is used up now, rounded up.
create function chain_day_used(l limits) returns bigint language sql stable as $$
  select greatest(0, l.used_nano - floor(
    l.amount_nano * greatest(0, extract(epoch from clock_timestamp() - l.period_start)) / 86400)::bigint)
$$;

-- A hold that is asked for, beside what its account has left.
create type room_of_hold as (
  request_id text, account_id text, worst_nano bigint, floor_nano bigint, subjects text[], paid_only boolean,
  granted_nano bigint, -- of one that stands already
  is_known boolean, paid_left bigint, funded_left bigint, allowance bigint,
  has_caps boolean, day_nano bigint, day_left bigint
);

-- All of them, account by account.
create function rooms_of_holds(p_holds hold_request[]) returns setof room_of_hold language sql stable as $$
  select h.request_id, h.account_id, h.worst_nano, h.floor_nano, h.subjects, h.paid_only,
    p.granted_nano, b.account_id is not null, b.paid_left, b.funded_left, b.allowance, b.has_caps,
    d.day_nano, d.day_left
  from unnest(p_holds) with ordinality h(request_id, account_id, worst_nano, floor_nano, subjects, paid_only, n)
  left join lateral (
    select paid_nano + funded_nano as granted_nano from holds
    where account_id = h.account_id and request_id = h.request_id offset 0
  ) p on true left join lateral (
    select account_id, chain_nano - debt_nano - unsettled_nano - held_nano as paid_left, unsettled_nano + held_nano as owed,
      case when h.paid_only then 0 else funded_nano - funded_held_nano end as funded_left, allowance_nano(balances) as allowance,
      exists (select from limits l where l.account_id = h.account_id and l.scope <> 'chain_day') as has_caps
    from balances where account_id = h.account_id offset 0
  ) b on true left join lateral (
    -- The contract's limit is on what the account itself pays, and counts from balances: see `chain_day_used`.
    select amount_nano as day_nano, amount_nano - chain_day_used(l) - b.owed as day_left from limits l
    where account_id = h.account_id and scope = 'chain_day' and subject_id = h.account_id offset 0
  ) d on true
  order by h.account_id, h.n
$$;

-- What can be said of a hold without those before it in its call: that it stands already, or that even by itself it does
-- not fit. The outcome is null if it does.
create function answer_alone(p_hold room_of_hold, p_caps room_of_limit[]) returns commit_result language plpgsql immutable as $$
declare
  result commit_result := (p_hold.request_id, null, p_hold.granted_nano, null, null, null);
  spendable bigint := p_hold.paid_left + p_hold.funded_left;
  cap room_of_limit;
  tightest room_of_limit;
begin
  if p_hold.granted_nano is not null or not p_hold.is_known then
    result.outcome := case when p_hold.is_known then 'held' else 'unknown_account' end;
    return result;
  end if;
  result.spendable_nano := spendable;
  if spendable <= 0 or spendable + p_hold.allowance < p_hold.floor_nano then
    result.outcome := 'refused';
    result.refused_by := 'balance';
    return result;
  end if;
  if p_hold.day_left is not null then
    tightest := (0, 'chain_day:' || p_hold.account_id, 'day', p_hold.day_nano, p_hold.day_left + p_hold.funded_left);
  end if;
  foreach cap in array p_caps loop
    if tightest is null or cap.left_nano < tightest.left_nano then tightest := cap; end if;
  end loop;
  if tightest.left_nano < p_hold.floor_nano then
    result.outcome := 'refused';
    result.refused_by := tightest.name;
    result.refused_limit := json_build_object('period', tightest.period, 'amount_nano', tightest.amount_nano::text,
      'left_nano', tightest.left_nano::text);
  end if;
  return result;
end $$;

-- Places holds, those of an account in the order given. A hold gets its worst case, or what is left of balance and limits,
-- if that is at least its floor. What would not fit by itself is refused; what only the earlier ones in this call leave no
-- room for is sent back as 'retry', because those may end below their worst case.
create function place_holds(p_instance text, p_holds hold_request[]) returns commit_result[] language plpgsql as $$
declare
  asked room_of_hold;
  result commit_result;
  results commit_result[] := '{}';
  hold holds;
  placed holds[] := '{}';
  account text;
  taken_paid bigint;             -- of this account, by the holds before it in this call
  taken_funded bigint;
  subjects text[];               -- those that `caps` are the limits of
  caps room_of_limit[];
  cap room_of_limit;
  capped bigint[] := '{}';       -- limits that holds of this call count against,
  taken_of_cap bigint[] := '{}'; -- and what those take of each
  at integer;
  funded_left bigint;
  spendable bigint;
  room bigint;
  written integer;
begin
  hold.instance_id := p_instance;
  hold.created_at := now();
  for asked in select * from rooms_of_holds(p_holds) loop
    if account is distinct from asked.account_id then
      account := asked.account_id;
      taken_paid := 0;
      taken_funded := 0;
      subjects := null;
      caps := '{}';
      hold.limit_ids := '{}';
    end if;
    if asked.has_caps and subjects is distinct from asked.subjects then
      subjects := asked.subjects;
      caps := array(select c from rooms_of_limits(account, subjects) c);
      hold.limit_ids := array(select limit_id from unnest(caps));
    end if;
    result := answer_alone(asked, caps);
    if result.outcome is not null then
      results := array_append(results, result);
      continue;
    end if;

    -- Left by balance and contract, after the holds before it. Both give way to what the platform has funded.
    funded_left := case when asked.paid_only then 0 else asked.funded_left - taken_funded end;
    spendable := asked.paid_left - taken_paid + funded_left;
    room := least(asked.worst_nano, spendable + asked.allowance, asked.day_left - taken_paid + funded_left);
    foreach cap in array caps loop
      room := least(room, cap.left_nano - coalesce(taken_of_cap[array_position(capped, cap.limit_id)], 0));
    end loop;
    if spendable <= 0 or room < asked.floor_nano then
      result.outcome := 'retry';
    else
      result.outcome := 'held';
      result.granted_nano := room;
      hold.account_id := account;
      hold.request_id := asked.request_id;
      hold.subjects := asked.subjects;
      hold.funded_nano := least(room, funded_left);
      hold.paid_nano := room - hold.funded_nano;
      placed := array_append(placed, hold);
      taken_paid := taken_paid + hold.paid_nano;
      taken_funded := taken_funded + hold.funded_nano;
      foreach cap in array caps loop
        at := coalesce(array_position(capped, cap.limit_id), cardinality(capped) + 1);
        capped[at] := cap.limit_id;
        taken_of_cap[at] := coalesce(taken_of_cap[at], 0) + room;
      end loop;
    end if;
    results := array_append(results, result);
  end loop;
  written := write_holds(placed, capped, taken_of_cap);
  return results;
end $$;

-- Writes what `place_holds` has decided. Returns the number of holds.
create function write_holds(p_placed holds[], p_capped bigint[], p_taken bigint[]) returns integer language plpgsql as $$
begin
  if cardinality(p_placed) = 0 then return 0; end if;
  insert into holds select * from unnest(p_placed);
  update balances b set held_nano = b.held_nano + p.paid, funded_held_nano = b.funded_held_nano + p.funded
    from (select account_id, sum(paid_nano)::bigint as paid, sum(funded_nano)::bigint as funded from unnest(p_placed) group by 1) p
    where b.account_id = p.account_id;
  if cardinality(p_capped) > 0 then
    update limits l set held_nano = l.held_nano + c.taken from unnest(p_capped, p_taken) c(limit_id, taken)
      where l.limit_id = c.limit_id;
  end if;
  return cardinality(p_placed);
end $$;

-- A hold that ends, and what was billed of it. What is held is found by `offset 0` and changed by `ctid`: by an index, row
-- for row, whatever a planner thinks of both tables.
create type ended_hold as (
  request_id text, account_id text, operator_id text, paid_nano bigint, funded_nano bigint, limit_ids bigint[],
  cost_nano bigint, cost_funded_nano bigint, tid tid
);

-- Writes the usage rows of the captures that are held for, and returns their holds.
create function log_captures(p_captures capture_request[], p_moment timestamptz) returns ended_hold[] language plpgsql as $$
declare
  ended ended_hold[];
begin
  with captured as materialized (
    select c.*, least(c.cost, h.funded_nano) as from_funded, h.tid, h.paid_nano, h.funded_nano, h.limit_ids
    from (
      select *, prompt_nano + cached_nano + completion_nano + reasoning_nano as cost from unnest(p_captures)
    ) c cross join lateral (
      select ctid as tid, paid_nano, funded_nano, limit_ids from holds
      where account_id = c.account_id and request_id = c.request_id and expires_at is null offset 0
    ) h
    where c.cost between 0 and h.paid_nano + h.funded_nano
  ), logged as (
    insert into usage (account_id, started_at, captured_at, request_id, key_id, user_id, model, node_id, operator_id, price_version,
      prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, prompt_nano, cached_nano, completion_nano,
      reasoning_nano, cost_nano, funded_nano, latency_ms, status, usage_source, reported_tokens, receipt_salt)
    select account_id, started_at, p_moment, request_id, key_id, user_id, model, node_id, operator_id, price_version,
      prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, prompt_nano, cached_nano, completion_nano,
      reasoning_nano, cost, from_funded, latency_ms, status, usage_source, reported_tokens, decode(receipt_salt, 'hex')
    from captured
  )
  select array_agg(row(request_id, account_id, operator_id, paid_nano, funded_nano, limit_ids, cost, from_funded, tid)::ended_hold)
    into ended from captured;
  return coalesce(ended, '{}');
end $$;

-- Lets go of holds, under their accounts' locks. Returns how many.
create function let_go(p_ended ended_hold[]) returns integer language plpgsql as $$
declare
  gone integer;
begin
  if cardinality(p_ended) = 0 then return 0; end if;
  delete from holds where ctid = any (array(select tid from unnest(p_ended)));
  get diagnostics gone = row_count;
  if gone <> cardinality(p_ended) then raise exception 'of % holds that end, only % stood', cardinality(p_ended), gone; end if;
  update balances b set held_nano = b.held_nano - e.paid, funded_held_nano = b.funded_held_nano - e.funded
    from (select account_id, sum(paid_nano)::bigint as paid, sum(funded_nano)::bigint as funded from unnest(p_ended) group by 1) e
    where b.account_id = e.account_id;
  if exists (select from unnest(p_ended) where limit_ids <> '{}') then
    update limits l set held_nano = l.held_nano - e.held, used_nano = l.used_nano + e.used
      from (
        select limit_id, sum(paid_nano + funded_nano)::bigint as held, sum(cost_nano)::bigint as used
        from unnest(p_ended) h cross join unnest(h.limit_ids) limit_id group by 1
      ) e
      where l.limit_id = e.limit_id;
  end if;
  return gone;
end $$;

-- Ends holds without a bill. A job's ends by `end_job_holds` alone: a process that never heard that it is a job's by now
-- releases it here.
create function release_holds(p_releases release_request[]) returns commit_result[] language plpgsql as $$
declare
  released integer;
begin
  if cardinality(p_releases) = 0 then return '{}'; end if;
  released := let_go(array(
    select row(r.request_id, r.account_id, null, h.paid_nano, h.funded_nano, h.limit_ids, 0, 0, h.tid)::ended_hold
    from unnest(p_releases) r cross join lateral (
      select ctid as tid, paid_nano, funded_nano, limit_ids from holds
      where account_id = r.account_id and request_id = r.request_id and expires_at is null offset 0
    ) h));
  return array(select row(request_id, 'released', null, null, null, null)::commit_result from unnest(p_releases));
end $$;

-- Bills captures out of their holds: usage rows, then entries.
create function capture_holds(p_captures capture_request[], p_moment timestamptz) returns commit_result[] language plpgsql as $$
declare
  captured ended_hold[];
begin
  captured := log_captures(p_captures, p_moment);
  -- Before the entries: funded credit may not fall below what is held of it.
  if let_go(captured) > 0 then
    insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
    select 'capture:' || c.request_id, e.line, e.debit_book, e.debit_account, e.credit_book, e.credit_account, e.amount
    from unnest(captured) c cross join lateral (values
      (1, 'usage'::book, c.account_id, 'unsettled'::book, c.operator_id, c.cost_nano - c.cost_funded_nano),
      (2, 'usage', 'acct_platform', 'unsettled', c.operator_id, c.cost_funded_nano),
      (3, 'funded', c.account_id, 'grants', 'acct_platform', c.cost_funded_nano)
    ) e(line, debit_book, debit_account, credit_book, credit_account, amount)
    where e.amount > 0;
  end if;
  return answers_of_captures(p_captures, captured);
end $$;

-- What became of captures, and what they left.
create function answers_of_captures(p_captures capture_request[], p_captured ended_hold[])
returns commit_result[] language plpgsql as $$
declare
  results commit_result[];
begin
  results := array(
    select row(c.request_id, 'captured', null, b.left_nano, null, null)::commit_result
    from unnest(p_captured) c cross join lateral (
      select chain_nano - debt_nano - unsettled_nano - held_nano + funded_nano - funded_held_nano as left_nano
      from balances where account_id = c.account_id offset 0
    ) b);
  -- Rare: those that were asked for before, or that nothing is held for.
  if cardinality(p_captured) < cardinality(p_captures) then
    results := results || array(
      select row(c.request_id,
        case
          when u.request_id is not null then 'captured'
          when h.request_id is not null then 'cost_above_hold'
          else 'unknown_hold'
        end, null, null, null, null)::commit_result
      from unnest(p_captures) c
        left join usage u on u.account_id = c.account_id and u.started_at = c.started_at and u.request_id = c.request_id
        left join holds h on h.account_id = c.account_id and h.request_id = c.request_id and h.expires_at is null
      where c.request_id <> all (array(select request_id from unnest(p_captured))));
  end if;
  return results;
end $$;

-- The tables are empty when a connection plans these statements and keeps the plans: indexes only, or they would go on
-- reading a usage log of any length from end to end. What is joined to a table is a few rows, so row for row by its index.
create function ledger_commit(
  p_instance text, p_holds hold_request[], p_captures capture_request[], p_releases release_request[]
) returns commit_result[]
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  moment timestamptz := ledger_lock(p_instance, accounts_of(p_holds, p_captures, p_releases));
  results commit_result[] := '{}';
begin
  if cardinality(p_captures) > 0 or cardinality(p_releases) > 0 then
    -- Releases first: captures answer what can be spent after all of it.
    results := release_holds(p_releases);
    if cardinality(p_captures) > 0 then results := results || capture_holds(p_captures, moment); end if;
  else
    -- Holds alone need not wait for the disk: if the database loses one in a crash, its capture is refused and its answer
    -- withheld. Whatever ends a hold is on disk before anybody is told, and with it all that came before.
    set local synchronous_commit = off;
  end if;
  if cardinality(p_holds) > 0 then results := results || place_holds(p_instance, p_holds); end if;
  return results;
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
  released := let_go(array(
    select row(request_id, account_id, null, paid_nano, funded_nano, limit_ids, 0, 0, ctid)::ended_hold
    from holds where instance_id = any (dead)));
  delete from instances where instance_id = any (dead);
  return released;
end $$;
