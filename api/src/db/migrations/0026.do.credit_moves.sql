-- Credit that stands under a voucher's key in the contract, owed to whoever redeems it. Its ledger account is the key,
-- so each voucher can be compared with the contract's.
alter type book add value 'vouchers';

-- What the contract's events changed about an account beside money. The newest that was not reversed counts.
create table account_changes (
  event_id text primary key references chain_events,
  account_id text not null references accounts,
  what text not null check (what in ('owner', 'day_limit', 'payout_to', 'suspended_until')),
  -- an address, µUSDC a day, or seconds since 1970
  value text not null
);
create index account_changes_account on account_changes (account_id);

create view account_facts as
  select distinct on (c.account_id, c.what) c.account_id, c.what, c.value, e.happened_at, e.finality
  from account_changes c join chain_events e using (event_id)
  where e.reversed_at is null
  order by c.account_id, c.what, e.block_number desc, e.log_index desc;
