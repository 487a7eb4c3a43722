-- The usage log: a fifth class for what is not tokens, rows that never change, and sums by day.

-- Units of a resource (GPU seconds, images, …) and what they cost. A request to a model has none.
alter table usage
  add column units bigint not null default 0,
  add column units_nano nano_usd not null default 0,
  drop constraint usage_counts,
  drop constraint usage_reported_tokens_check,
  add constraint usage_counts check (
    least(prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, units, latency_ms, reported_tokens) >= 0),
  drop constraint usage_check,
  add constraint usage_cost check (cost_nano = prompt_nano + cached_nano + completion_nano + reasoning_nano + units_nano);

-- Only the batch that settles a row changes; a month is given up as a whole, by dropping its partition.
create function usage_never_changes() returns trigger language plpgsql as $$
begin
  raise exception 'the usage log never changes: book a reversal instead' using errcode = 'restrict_violation';
end $$;
create trigger usage_stays before truncate on usage for each statement execute function usage_never_changes();
-- By row, which partitions inherit: one by statement would let pass what names a partition.
create trigger usage_row_is_kept before delete on usage for each row execute function usage_never_changes();
create trigger usage_row_stays before update of account_id, started_at, request_id, captured_at, key_id, user_id, model,
  node_id, operator_id, price_version, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, units,
  prompt_nano, cached_nano, completion_nano, reasoning_nano, units_nano, cost_nano, funded_nano, latency_ms, status,
  usage_source, reported_tokens, receipt_salt on usage
  for each row execute function usage_never_changes();

-- Sums of the log, for charts and totals: by account, UTC day of the request's start, and everything that the log can be
-- filtered by. '' stands for no key and no user.
create table usage_days (
  account_id text not null,
  day date not null,
  model text not null,
  node_id text not null,
  key_id text not null,
  user_id text not null,
  status text not null,
  requests bigint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  units bigint not null,
  cost_nano bigint not null,
  funded_nano bigint not null,
  primary key (account_id, day, model, node_id, key_id, user_id, status)
);

-- What was logged and is not yet in `usage_days`. Captures append here, in their own transaction, and lock nothing; a job
-- moves rows over in one statement. So each row of the log is in exactly one of the two, whenever it commits, and their
-- sum is always that of the log.
create table usage_deltas (like usage_days);
create index usage_deltas_account on usage_deltas (account_id);

create view usage_sums as select * from usage_days union all select * from usage_deltas;

create view usage_truth as
  select account_id, (started_at at time zone 'UTC')::date as day, model, node_id, coalesce(key_id, '') as key_id,
    coalesce(user_id, '') as user_id, status, count(*) as requests, sum(prompt_tokens)::bigint as prompt_tokens,
    sum(cached_tokens)::bigint as cached_tokens, sum(completion_tokens)::bigint as completion_tokens,
    sum(reasoning_tokens)::bigint as reasoning_tokens, sum(units)::bigint as units, sum(cost_nano)::bigint as cost_nano,
    sum(funded_nano)::bigint as funded_nano
  from usage group by 1, 2, 3, 4, 5, 6, 7;
insert into usage_days select * from usage_truth;

create function append_usage_deltas() returns trigger language plpgsql as $$
begin
  insert into usage_deltas
    select account_id, (started_at at time zone 'UTC')::date, model, node_id, coalesce(key_id, ''), coalesce(user_id, ''),
      status, count(*), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(units),
      sum(cost_nano), sum(funded_nano)
    from fresh group by 1, 2, 3, 4, 5, 6, 7;
  return null;
end $$;
create trigger usage_append_deltas after insert on usage
  referencing new table as fresh for each statement execute function append_usage_deltas();
