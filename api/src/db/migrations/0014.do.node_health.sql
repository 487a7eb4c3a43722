-- How nodes do. What the platform itself asks of them (canaries) decides whether they are live; what their traffic shows
-- is summed up per minute, by every process that routes to them, for everybody to see.

-- `canary_at`: when it is asked next. Whoever asks moves it first, so that two workers never ask at once.
alter table nodes
  add column live boolean not null default true,
  add column canary_at timestamptz not null default now(),
  add column canary_failures integer not null default 0 check (canary_failures >= 0),
  add column canary_ms integer check (canary_ms >= 0);
create index nodes_canary on nodes (canary_at) where enabled;

-- Where a model was found to answer: it is asked there again.
alter table node_models
  add column path text not null default '/v1/chat/completions'
    check (path in ('/v1/chat/completions', '/v1/completions', '/v1/embeddings'));

-- Sums and counts; tokens are reported by the node (`reported`) and counted by us (`counted`) for the same requests.
-- Overruns are answers that went on beyond the limit that the request set.
create table node_health (
  node_id text not null references nodes,
  minute timestamptz not null,
  requests bigint not null default 0 check (requests >= 0),
  failures bigint not null default 0 check (failures between 0 and requests),
  latency_ms bigint not null default 0 check (latency_ms >= 0),
  first_tokens bigint not null default 0 check (first_tokens >= 0),
  first_token_ms bigint not null default 0 check (first_token_ms >= 0),
  tokens bigint not null default 0 check (tokens >= 0),
  tokens_ms bigint not null default 0 check (tokens_ms >= 0),
  canaries bigint not null default 0 check (canaries >= 0),
  canary_failures bigint not null default 0 check (canary_failures between 0 and canaries),
  recounts bigint not null default 0 check (recounts >= 0),
  over_reports bigint not null default 0 check (over_reports between 0 and recounts),
  reported_tokens bigint not null default 0 check (reported_tokens >= 0),
  counted_tokens bigint not null default 0 check (counted_tokens >= 0),
  overruns bigint not null default 0 check (overruns >= 0),
  primary key (node_id, minute)
);
create index node_health_minute on node_health (minute);

-- What the node said it used, all classes together; null where it said nothing. Next to the billed tokens it shows, request
-- by request, what its public discrepancy is made of.
alter table usage
  add column reported_tokens bigint check (reported_tokens >= 0),
  -- Credit that the platform gave may not come back as earnings.
  add constraint usage_own_node_is_paid_for check (funded_nano = 0 or operator_id <> account_id);
