-- Warnings of low credit, outgoing webhooks, web push: what people and their programs are told beside e-mails.

-- A threshold is armed while an account has at least as much, and disarmed by the one warning when it falls below.
create table balance_warnings (
  account_id text not null references accounts,
  threshold_nano bigint not null check (threshold_nano >= 0),
  armed boolean not null default true,
  -- how often it was fallen below: makes the cause of a warning its own
  crossings integer not null default 0 check (crossings >= 0),
  primary key (account_id, threshold_nano)
);

-- Where an account's events are posted to. Its secret signs them, so it has to be kept as it is; of an old one, until when.
create table webhook_endpoints (
  endpoint_id text primary key,
  account_id text not null references accounts,
  url text not null check (length(url) <= 2000),
  -- null: all of them
  types text[],
  secret text not null,
  old_secret text,
  old_secret_until timestamptz,
  created_at timestamptz not null default now(),
  disabled_at timestamptz,
  disabled_reason text check (disabled_reason in ('owner', 'failing')),
  -- since when nothing was delivered
  failing_since timestamptz,
  deleted_at timestamptz,
  check ((old_secret is null) = (old_secret_until is null)),
  check ((disabled_at is null) = (disabled_reason is null))
);
create index webhook_endpoints_account on webhook_endpoints (account_id) where deleted_at is null;

-- What happened to an account, once for each cause.
create table webhook_events (
  event_id text primary key,
  account_id text not null references accounts,
  type text not null,
  cause text not null check (length(cause) between 1 and 300),
  data jsonb not null,
  created_at timestamptz not null default now(),
  unique (account_id, type, cause)
);
create index webhook_events_created on webhook_events (created_at);

-- An event on its way to an endpoint.
create table webhook_deliveries (
  delivery_id text primary key,
  endpoint_id text not null references webhook_endpoints,
  event_id text not null references webhook_events on delete cascade,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'dropped')),
  attempts integer not null default 0 check (attempts >= 0),
  next_attempt_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (endpoint_id, event_id),
  check ((state = 'pending') = (ended_at is null))
);
create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where state = 'pending';
create index webhook_deliveries_endpoint on webhook_deliveries (endpoint_id, delivery_id);

-- What came of each attempt, for the owner to read.
create table webhook_attempts (
  delivery_id text not null references webhook_deliveries on delete cascade,
  nth integer not null,
  status integer,
  error text,
  took_ms integer not null check (took_ms >= 0),
  attempted_at timestamptz not null default now(),
  primary key (delivery_id, nth)
);

-- Browsers that a user wants to be told in (RFC 8030). The endpoint is a capability: never shown to anybody.
create table push_subscriptions (
  subscription_id text primary key,
  user_id text not null references users,
  endpoint text not null unique check (length(endpoint) <= 2000),
  p256dh text not null,
  auth text not null,
  created_at timestamptz not null default now()
);
create index push_subscriptions_user on push_subscriptions (user_id);

create table pushes (
  push_id text primary key,
  subscription_id text not null references push_subscriptions on delete cascade,
  cause text not null check (length(cause) between 1 and 300),
  message jsonb not null,
  attempts integer not null default 0 check (attempts >= 0),
  next_attempt_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  error text,
  created_at timestamptz not null default now(),
  unique (subscription_id, cause)
);
create index pushes_due on pushes (next_attempt_at) where ended_at is null;
create index pushes_end on pushes (ended_at) where ended_at is not null;
