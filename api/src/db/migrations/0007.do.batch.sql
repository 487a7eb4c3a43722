-- Batches: captures claimed, lines and receipts built, signed, and matched with what the chain says, by digest.
create table batches (
  batch_id bigint generated always as identity primary key,
  seq bigint not null check (seq > 0),
  state text not null default 'built' check (state in ('built', 'signed', 'submitted', 'mined', 'final', 'voided')),
  prev text not null,
  receipts_root text not null,
  period_end timestamptz not null,
  gross_micro bigint not null check (gross_micro >= 0),
  debits bytea not null,
  credits bytea not null,
  referrals bytea not null,
  -- what was signed: only these bytes can settle it, and only until the deadline (seconds, chain time)
  digest text unique,
  deadline bigint,
  signature text,
  transaction_id text references transactions,
  settled_event_id text references chain_events,
  built_at timestamptz not null default now(),
  check (state in ('built', 'voided') or (digest is not null and deadline is not null and signature is not null)),
  check ((state in ('mined', 'final')) = (settled_event_id is not null))
);
create unique index batches_live_seq on batches (seq) where state <> 'voided';
-- The next batch is chained to the digest of this one, so it is built only when this one is mined. A reorganisation may
-- put several on their way again.
create index batches_open on batches (seq) where state in ('built', 'signed', 'submitted');

-- Accounts whose number will stay theirs: a batch freezes numbers, a reorganisation may give a young one to another.
create view settleable_accounts as
  select a.account_id, a.chain_account from accounts a join chain_events e on e.event_id = a.opened_event_id
  where e.finality in ('safe', 'final') and e.reversed_at is null;

-- One line and one receipts sub-tree per account, with what was carried in and out, in nano-dollars.
create table batch_accounts (
  batch_id bigint not null references batches,
  account_id text not null references accounts,
  chain_account bigint not null,
  previous_seq bigint not null check (previous_seq >= 0),
  line_micro bigint not null check (line_micro >= 0),
  paid_nano bigint not null check (paid_nano >= 0),
  funded_nano bigint not null check (funded_nano >= 0),
  carry_in_nano bigint not null,
  carry_out_nano bigint not null,
  receipts integer not null check (receipts >= 0),
  sub_root text not null,
  primary key (batch_id, account_id),
  check (carry_in_nano + paid_nano - carry_out_nano = line_micro * 1000)
);
create index batch_accounts_account on batch_accounts (account_id, batch_id);

create table batch_earners (
  batch_id bigint not null references batches,
  account_id text not null references accounts,
  chain_account bigint not null,
  line_micro bigint not null check (line_micro >= 0),
  earned_nano bigint not null check (earned_nano >= 0),
  carry_in_nano bigint not null,
  carry_out_nano bigint not null,
  primary key (batch_id, account_id),
  check (carry_in_nano + earned_nano - carry_out_nano = line_micro * 1000)
);
create index batch_earners_account on batch_earners (account_id, batch_id);

-- Deferred: captures are claimed before their batch is composed, in the same transaction.
alter table usage add foreign key (batch_id) references batches deferrable initially deferred;

-- The fraction of a micro-dollar that the contract carries for an earner, in ten-thousandths, as of the booked batches.
create table earner_carries (
  account_id text primary key references accounts,
  carry integer not null check (carry between 0 and 9999)
);
