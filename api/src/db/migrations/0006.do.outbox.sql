-- Everything that goes on-chain is a row here first. One sender per key signs, sends, replaces, journals.
create table transactions (
  transaction_id text primary key,
  account_id text references accounts,
  kind text not null,
  cause text not null unique,
  sender text not null check (sender ~ '^0x[0-9a-f]{40}$'),
  target text not null check (target ~ '^0x[0-9a-f]{40}$'),
  data text not null check (data ~ '^0x([0-9a-f]{2})*$'),
  state text not null default 'queued' check (state in ('queued', 'sent', 'mined', 'final', 'failed')),
  nonce bigint,
  mined_hash text,
  block_number bigint,
  block_hash text,
  error text,
  failures integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (sender, nonce),
  check ((state in ('queued', 'failed') or nonce is not null))
);
create index transactions_open on transactions (sender, created_at) where state in ('queued', 'sent', 'mined');

-- The journal: every signed version, written before it is sent, so that a restart sends the same bytes again.
create table transaction_attempts (
  hash text primary key,
  transaction_id text not null references transactions,
  raw text not null,
  max_fee_per_gas numeric not null,
  signed_at timestamptz not null default now()
);
create index transaction_attempts_transaction on transaction_attempts (transaction_id);
