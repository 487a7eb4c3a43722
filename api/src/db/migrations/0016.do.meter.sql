-- Jobs: credit that a buyer sets aside for an operator, and what the operator reports of it.

-- A hold belongs to a process, which may die, or to a job: then it ends at a time.
alter table holds
  alter column instance_id drop not null,
  add column expires_at timestamptz,
  add check ((instance_id is null) = (expires_at is not null));
create index holds_expiry on holds (expires_at) where expires_at is not null;

-- What a job's hold is for, also when its row in `holds` (request_id = hold_id) is gone.
create table job_holds (
  hold_id text primary key,
  account_id text not null references accounts,
  user_id text not null references users,
  key_id text references api_keys,
  operator_id text not null references accounts,
  node_id text references nodes, -- null: any node of the operator
  resources text[] check (cardinality(resources) between 1 and 100), -- null: anything that is sold there
  description text not null check (length(description) <= 256),
  amount_nano bigint not null check (amount_nano > 0),
  captured_nano bigint not null default 0 check (captured_nano between 0 and amount_nano),
  events bigint not null default 0 check (events >= 0),
  state text not null default 'open' check (state in ('open', 'released', 'expired')),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  check ((state = 'open') = (ended_at is null))
);
create index job_holds_account on job_holds (account_id, hold_id);

-- The hold that a request with an idempotency key is for, whether it has come to be or not: sent again, also at the same
-- time, it can only be for this one. Kept for as long as any hold can be open.
create table hold_keys (
  account_id text not null references accounts,
  idempotency_key text not null check (length(idempotency_key) between 1 and 255),
  hold_id text not null unique,
  body_hash bytea not null check (length(body_hash) = 32),
  created_at timestamptz not null default now(),
  primary key (account_id, idempotency_key)
);
create index hold_keys_created on hold_keys (created_at);

-- When a node was taken off the market: jobs that were under way then are billed to their end, later ones are not.
alter table nodes add column disabled_at timestamptz;
create function note_disabling() returns trigger language plpgsql as $$
begin
  new.disabled_at := case when not new.enabled then coalesce(old.disabled_at, now()) end;
  return new;
end $$;
create trigger nodes_note_disabling before insert or update of enabled on nodes
  for each row execute function note_disabling();
update nodes set enabled = false where not enabled;
alter table nodes add check (enabled = (disabled_at is null));

-- What operators have reported and was billed: once for each event id of a node.
create table meter_events (
  node_id text not null,
  event_id text not null,
  hold_id text not null references job_holds,
  resource text not null,
  quantity bigint not null check (quantity > 0),
  cost_nano bigint not null check (cost_nano >= 0),
  request_id text not null,
  reported_at timestamptz not null default now(),
  primary key (node_id, event_id)
);

-- What a job uses may have begun long before it is billed, when its hold was made. So that it is found among what was
-- billed lately, units, which nothing else has, are indexed by when they were billed; tokens by when they began.
create index usage_units on usage (account_id, captured_at) where units > 0;

-- As before, and `p_started` is a bound for requests alone.
create or replace function used_by_subject(
  p_account text, p_scope text, p_subject text, p_from timestamptz, p_until timestamptz, p_started timestamptz
) returns bigint language sql stable as $$
  select coalesce(sum(u.cost_nano), 0)::bigint
  from (
    select cost_nano, key_id, user_id from usage
    where account_id = p_account and started_at >= p_started and captured_at >= p_from and captured_at < p_until and units = 0
    union all
    select cost_nano, key_id, user_id from usage
    where account_id = p_account and captured_at >= p_from and captured_at < p_until and units > 0
  ) u
  where case p_scope
    when 'account' then true
    when 'key' then u.key_id = p_subject
    when 'member' then u.user_id = p_subject
    when 'project' then u.key_id in (select key_id from api_keys where account_id = p_account and project = p_subject)
  end
$$;

-- A process's hold becomes a job's, if the account has fewer than `p_most` of them: counted under its lock, or parallel
-- requests would all see the last free place.
-- @return kept | known (it has become one before) | too_many | gone (its process has lost the lease)
create function keep_for_job(p_account text, p_hold text, p_expires timestamptz, p_most integer) returns text
language plpgsql as $$
begin
  perform lock_accounts(array[p_account]);
  if exists (select from job_holds where hold_id = p_hold) then return 'known'; end if;
  if (select count(*) from holds where account_id = p_account and expires_at is not null) >= p_most then
    return 'too_many';
  end if;
  update holds set instance_id = null, expires_at = p_expires where account_id = p_account and request_id = p_hold;
  return case when found then 'kept' else 'gone' end;
end $$;

-- Ends holds of jobs: what is left of them is spendable again. Those that have ended already are passed over.
create function end_job_holds(p_holds text[], p_state text) returns integer language plpgsql as $$
declare
  n integer;
begin
  perform lock_accounts(array(select account_id from job_holds where hold_id = any (p_holds)));
  with ended as (
    delete from holds h using job_holds j
    where j.hold_id = any (p_holds) and h.account_id = j.account_id and h.request_id = j.hold_id
    returning h.*
  ), balanced as (
    update balances b set held_nano = b.held_nano - e.paid, funded_held_nano = b.funded_held_nano - e.funded
    from (select account_id, sum(paid_nano)::bigint as paid, sum(funded_nano)::bigint as funded from ended group by 1) e
    where b.account_id = e.account_id
  ), counted as (
    update limits l set held_nano = l.held_nano - e.held
    from (select limit_id, sum(paid_nano + funded_nano)::bigint as held from ended, unnest(limit_ids) limit_id group by 1) e
    where l.limit_id = e.limit_id
  ), noted as (
    update job_holds j set state = p_state, ended_at = clock_timestamp() from ended e where j.hold_id = e.request_id
  )
  select count(*) into n from ended;
  return n;
end $$;

create function expire_job_holds() returns integer language sql as $$
  delete from hold_keys where created_at < now() - interval '30 days';
  select end_job_holds(array(select request_id from holds where expires_at < clock_timestamp() order by expires_at limit 100), 'expired')
$$;

create type meter_result as (
  n integer,
  outcome text, -- captured | duplicate | conflict | unknown_hold | wrong_node | node_disabled | wrong_resource | too_early | hold_ended | above_hold
  request_id text, -- of what was billed, now or by an earlier report
  cost_nano bigint,
  left_nano bigint -- of the hold, after this event
);

-- Bills what an operator reports, each event out of its hold, in the order given: what does not fit is refused, what
-- comes after it may fit again. The caller has priced it.
create function meter_usage(p_operator text, p_events json) returns setof meter_result language plpgsql as $$
declare
  moment timestamptz;
  event record;
  result meter_result;
  room jsonb; -- by hold: what is left, of paid and of funded credit
  paid bigint;
  funded bigint;
  taken integer[] := '{}';
  from_funded bigint[] := '{}';
begin
  moment := lock_accounts(array(
    select distinct j.account_id from json_to_recordset(p_events) as e(hold_id text) join job_holds j using (hold_id)));
  select coalesce(jsonb_object_agg(h.request_id, jsonb_build_array(h.paid_nano, h.funded_nano)), '{}') into room
    from holds h
    where (h.account_id, h.request_id) in (
      select j.account_id, j.hold_id from json_to_recordset(p_events) as e(hold_id text) join job_holds j using (hold_id)
    ) and h.expires_at > moment;
  for event in
    select e.*, j.hold_id is not null and j.operator_id = p_operator as is_known, j.node_id as only_node,
      j.resources as only_resources, j.created_at, d.disabled_at, m.request_id as billed_as, m.cost_nano as billed_nano,
      (m.hold_id, m.resource, m.quantity) = (e.hold_id, e.resource, e.quantity) as is_same
    from json_to_recordset(p_events) as e(n int, node_id text, event_id text, hold_id text, resource text, quantity bigint,
        request_id text, started_at timestamptz, cost_nano bigint)
      left join job_holds j using (hold_id)
      left join nodes d on d.node_id = e.node_id
      left join meter_events m on m.node_id = e.node_id and m.event_id = e.event_id
    order by e.n
  loop
    paid := (room -> event.hold_id ->> 0)::bigint;
    funded := (room -> event.hold_id ->> 1)::bigint;
    result := (event.n, case
      when not event.is_known then 'unknown_hold'
      when event.billed_as is not null and event.is_same then 'duplicate'
      when event.billed_as is not null then 'conflict'
      when event.only_node <> event.node_id then 'wrong_node'
      when event.disabled_at <= event.created_at then 'node_disabled'
      when event.resource <> all (event.only_resources) then 'wrong_resource'
      when event.started_at < date_trunc('milliseconds', event.created_at) then 'too_early'
      when paid is null then 'hold_ended'
      when event.cost_nano > paid + funded then 'above_hold'
      else 'captured'
    end, case when event.is_same then event.billed_as end, case when event.is_same then event.billed_nano end, paid + funded)::meter_result;
    if result.outcome = 'captured' then
      taken := taken || event.n;
      from_funded := from_funded || least(event.cost_nano, funded);
      paid := paid - (event.cost_nano - least(event.cost_nano, funded));
      funded := funded - least(event.cost_nano, funded);
      room := jsonb_set(room, array[event.hold_id], jsonb_build_array(paid, funded));
      result.request_id := event.request_id;
      result.cost_nano := event.cost_nano;
      result.left_nano := paid + funded;
    elsif not event.is_known then
      result := (event.n, result.outcome, null, null, null)::meter_result;
    end if;
    return next result;
  end loop;
  perform bill_events(p_operator, p_events, taken, from_funded, moment);
end $$;

-- Writes what `meter_usage` has decided, as captures are written.
create function bill_events(p_operator text, p_events json, p_taken integer[], p_from_funded bigint[], p_moment timestamptz)
returns void language plpgsql as $$
begin
  with captured as (
    select e.*, t.from_funded, j.account_id, j.user_id, j.key_id
    from unnest(p_taken, p_from_funded) t(n, from_funded)
    join json_to_recordset(p_events) as e(n int, node_id text, event_id text, hold_id text, resource text, quantity bigint,
      request_id text, started_at timestamptz, cost_nano bigint, price_version text, receipt_salt text) using (n)
    join job_holds j using (hold_id)
  ), noted as (
    insert into meter_events (node_id, event_id, hold_id, resource, quantity, cost_nano, request_id)
    select node_id, event_id, hold_id, resource, quantity, cost_nano, request_id from captured
  ), used as (
    insert into usage (account_id, started_at, captured_at, request_id, key_id, user_id, model, node_id, operator_id,
      price_version, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, units, prompt_nano, cached_nano,
      completion_nano, reasoning_nano, units_nano, cost_nano, funded_nano, latency_ms, status, usage_source, receipt_salt)
    select account_id, started_at, p_moment, request_id, key_id, user_id, resource, node_id, p_operator, price_version,
      0, 0, 0, 0, quantity, 0, 0, 0, 0, cost_nano, cost_nano, from_funded, 0, 'ok', 'node', decode(receipt_salt, 'hex')
    from captured
  ), booked as (
    insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
    select 'capture:' || c.request_id, e.line, e.debit_book, e.debit_account, e.credit_book, e.credit_account, e.amount
    from captured c cross join lateral (values
      (1, 'usage'::book, c.account_id, 'unsettled'::book, p_operator, c.cost_nano - c.from_funded),
      (2, 'usage', 'acct_platform', 'unsettled', p_operator, c.from_funded),
      (3, 'funded', c.account_id, 'grants', 'acct_platform', c.from_funded)
    ) e(line, debit_book, debit_account, credit_book, credit_account, amount)
    where e.amount > 0
  ), sums as (
    select account_id, hold_id, sum(cost_nano)::bigint as cost, sum(from_funded)::bigint as funded, count(*) as events
    from captured group by 1, 2
  ), shrunk as (
    update holds h set paid_nano = h.paid_nano - (s.cost - s.funded), funded_nano = h.funded_nano - s.funded
    from sums s where h.account_id = s.account_id and h.request_id = s.hold_id
    returning s.cost, h.limit_ids
  ), balanced as (
    update balances b set held_nano = b.held_nano - s.paid, funded_held_nano = b.funded_held_nano - s.funded
    from (select account_id, sum(cost - funded)::bigint as paid, sum(funded)::bigint as funded from sums group by 1) s
    where b.account_id = s.account_id
  ), counted as (
    update limits l set held_nano = l.held_nano - s.cost, used_nano = l.used_nano + s.cost
    from (select limit_id, sum(cost)::bigint as cost from shrunk, unnest(limit_ids) limit_id group by 1) s
    where l.limit_id = s.limit_id
  )
  update job_holds j set captured_nano = j.captured_nano + s.cost, events = j.events + s.events
  from sums s where j.hold_id = s.hold_id;
end $$;
