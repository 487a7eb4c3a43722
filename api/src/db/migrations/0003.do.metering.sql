-- What is sold, at which price, by whom; and one row for every request that was served.

create table nodes (
  node_id text primary key,
  account_id text not null references accounts,
  name text not null check (length(name) between 1 and 64),
  url text not null,
  enabled boolean not null default true,
  created_at timestamptz not null default now(),
  unique (account_id, url)
);

-- A price version is content-addressed (keccak256 of its canonical text) and never changes: usage rows point at it.
create table prices (
  price_version text primary key check (price_version ~ '^0x[0-9a-f]{64}$'),
  node_id text not null references nodes,
  model text not null,
  prompt_nano bigint not null check (prompt_nano >= 0),
  cached_nano bigint not null check (cached_nano >= 0),
  completion_nano bigint not null check (completion_nano >= 0),
  reasoning_nano bigint not null check (reasoning_nano >= 0),
  created_at timestamptz not null default now()
);

create table node_models (
  node_id text not null references nodes,
  model text not null,
  price_version text not null references prices,
  context_tokens integer not null check (context_tokens > 0),
  max_completion_tokens integer not null check (max_completion_tokens > 0),
  primary key (node_id, model)
);
create index node_models_model on node_models (model);

create domain usage_status as text check (value in ('ok', 'aborted', 'error'));
create domain usage_source as text check (value in ('node', 'recount', 'drained'));
create domain receipt_salt as bytea check (length(value) = 32);

-- `started_at` is part of the request id, so a replayed capture meets its own row whatever the month.
create table usage (
  account_id text not null,
  started_at timestamptz not null,
  request_id text not null,
  captured_at timestamptz not null default clock_timestamp(),
  key_id text,
  user_id text,
  model text not null,
  node_id text not null,
  operator_id text not null,
  price_version text not null,
  prompt_tokens integer not null,
  cached_tokens integer not null,
  completion_tokens integer not null,
  reasoning_tokens integer not null,
  prompt_nano nano_usd not null,
  cached_nano nano_usd not null,
  completion_nano nano_usd not null,
  reasoning_nano nano_usd not null,
  cost_nano nano_usd not null check (cost_nano = prompt_nano + cached_nano + completion_nano + reasoning_nano),
  funded_nano nano_usd not null check (funded_nano <= cost_nano),
  latency_ms integer not null,
  status usage_status not null,
  usage_source usage_source not null,
  receipt_salt receipt_salt not null,
  batch_id bigint,
  primary key (account_id, started_at, request_id),
  -- One check for many columns: each has to be read anew for every commit.
  constraint usage_counts check (least(prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, latency_ms) >= 0)
) partition by range (started_at);
create index usage_request on usage (request_id);
create index usage_unbatched on usage (account_id, operator_id) where batch_id is null;
create index usage_batch on usage (batch_id) where batch_id is not null;
create table usage_other partition of usage default;

create function create_usage_month(month date) returns void language plpgsql as $$
declare
  first date := date_trunc('month', month);
begin
  execute format('create table if not exists usage_%s partition of usage for values from (%L) to (%L)',
    to_char(first, 'YYYY_MM'), first::timestamp at time zone 'UTC', (first + interval '1 month')::timestamp at time zone 'UTC');
end $$;
select create_usage_month((date_trunc('month', now()) + make_interval(months => n))::date) from generate_series(0, 2) n;
