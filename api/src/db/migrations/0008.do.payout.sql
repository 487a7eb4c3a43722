create table payouts (
  event_id text primary key references chain_events,
  account_id text not null references accounts,
  recipient text not null,
  amount_micro bigint not null check (amount_micro > 0)
);
create index payouts_account on payouts (account_id);
