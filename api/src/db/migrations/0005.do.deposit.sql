-- What the API has taken from the chain. Its own record, not the indexer's: the indexer rolls back by itself, the
-- ledger posts reversals. One row per event, `event_id` = chainId:blockHash:logIndex.
create table chain_events (
  event_id text primary key,
  kind text not null,
  block_number bigint not null,
  block_hash text not null,
  log_index integer not null,
  transaction_hash text not null,
  happened_at timestamptz not null,
  finality text not null default 'seen' check (finality in ('seen', 'safe', 'final')),
  -- a block that was reorganised away and came back: the causes of its entries carry this number
  times_booked integer not null default 1,
  booked_at timestamptz not null default now(),
  reversed_at timestamptz
);
create index chain_events_block on chain_events (block_number, log_index) where finality <> 'final';
create index chain_events_transaction on chain_events (transaction_hash);

-- All events up to and including this block are booked and final: nobody needs to look there again.
create table chain_cursor (
  only_row boolean primary key default true check (only_row),
  final_block bigint not null default -1
);
insert into chain_cursor default values;

create table deposits (
  event_id text primary key references chain_events,
  account_id text not null references accounts,
  payer text not null,
  rail text not null,
  amount_micro bigint not null check (amount_micro > 0),
  debt_repaid_micro bigint not null check (debt_repaid_micro between 0 and amount_micro),
  memo text not null
);
create index deposits_account on deposits (account_id);
