-- How far the logs of the token were looked through, and what for. `last_hash` is of the block before `next_block`: another
-- one there means that the chain was reorganised.
create table log_scans (
  name text primary key,
  next_block bigint not null check (next_block >= 0),
  last_hash text
);

-- Where plain transfers pay into accounts: known before an account is opened. What lies there is the chain's to say;
-- `balance_micro` is what it said last.
create table deposit_addresses (
  account_id text primary key references accounts,
  address text not null unique check (address ~ '^0x[0-9a-f]{40}$'),
  -- something came in, or may have
  needs_look boolean not null default true,
  balance_micro bigint not null default 0 check (balance_micro >= 0),
  looked_at timestamptz not null default 'epoch',
  -- the sweep that is under way
  transaction_id text references transactions,
  -- in a row; an address that fails is swept by itself, after a while
  failures integer not null default 0 check (failures >= 0),
  retry_at timestamptz not null default 'epoch',
  created_at timestamptz not null default now()
);
create index deposit_addresses_looks on deposit_addresses (looked_at);
create index deposit_addresses_needed on deposit_addresses (account_id) where needs_look;
create index deposit_addresses_full on deposit_addresses (retry_at) where balance_micro >= 5000000;
create index deposit_addresses_sweeps on deposit_addresses (transaction_id) where transaction_id is not null;

-- USDC that came to the contract outside of its rails, from safe blocks only. The contract credits each once, under
-- `log_key` = keccak256(blockHash, logIndex), which is the memo of the deposit that it becomes.
create table plain_transfers (
  log_key text primary key check (log_key ~ '^0x[0-9a-f]{64}$'),
  block_number bigint not null,
  block_hash text not null,
  log_index integer not null,
  transaction_hash text not null,
  sent_at timestamptz not null,
  sender text not null check (sender ~ '^0x[0-9a-f]{40}$'),
  amount_micro bigint not null check (amount_micro > 0),
  -- the account that a memo which counts has named
  memo_account bigint check (memo_account between 1 and 4294967295),
  -- whose it was found to be; null: nobody knows yet
  account_id text references accounts,
  transaction_id text references transactions,
  failures integer not null default 0 check (failures >= 0),
  retry_at timestamptz not null default 'epoch',
  found_at timestamptz not null default now(),
  unique (block_hash, log_index),
  check (transaction_id is null or account_id is not null)
);
create index plain_transfers_sender on plain_transfers (sender);
create index plain_transfers_open on plain_transfers (retry_at) where transaction_id is null;
create index deposits_attributed on deposits (memo) where rail = 'attributed';
