-- Earnings that the contract paid to the off-ramp's address: USDC that it has, owed on to the earners' banks.
alter type book add value 'off_ramp';
alter type book add value 'bank';

-- Whom an off-ramp knows an account as, and whether it may pay to his bank.
create table off_ramp_recipients (
  account_id text not null references accounts,
  provider text not null,
  recipient_id text not null,
  enabled boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (account_id, provider),
  unique (provider, recipient_id)
);

-- What comparing ledger, indexer, contract and USDC at a block has found. Never a silent fix: only a record.
create table reconciliations (
  reconciliation_id bigint generated always as identity primary key,
  block_number bigint not null,
  block_hash text not null,
  ok boolean not null,
  accounts integer not null check (accounts >= 0),
  vouchers integer not null check (vouchers >= 0),
  events integer not null check (events >= 0),
  -- nano-dollars
  usdc_held_nano bigint not null,
  liabilities_nano bigint not null,
  ledger jsonb not null,
  took_ms integer not null check (took_ms >= 0),
  finished_at timestamptz not null default now()
);
create index reconciliations_finished on reconciliations (finished_at);

create table reconciliation_differences (
  reconciliation_id bigint not null references reconciliations on delete cascade,
  line integer not null,
  what text not null,
  account_id text,
  -- nano-dollars, or numbers of events
  ledger numeric not null,
  chain numeric not null,
  check (ledger <> chain),
  primary key (reconciliation_id, line)
);
