-- Deposits that are in the contract, but in blocks that are not safe yet and beyond what is given on trust: owed to the
-- account, and not spendable.
alter type book add value 'pending';

alter table deposits
  -- what of it was not given on trust
  add column pending_micro bigint not null default 0 check (pending_micro between 0 and amount_micro - debt_repaid_micro),
  add column confirmed_at timestamptz,
  -- larger than what passes without a person's look
  add column needs_review boolean not null default false;
create index deposits_pending on deposits (event_id) where pending_micro > 0 and confirmed_at is null;

-- As before, and what is pending is owed like credit.
create or replace function owed_at(p_block bigint) returns table (
  account_id text, ref text, credit_nano bigint, earnings_nano bigint, vouchers_nano bigint
) language sql stable as $$
  with booked as (
    select s.* from (
      select cause, case book::text when 'pending' then 'credit' else book::text end as book, entry_sides.account_id,
        -amount_nano as amount
      from entry_sides
      where book::text in ('credit', 'pending', 'earnings', 'vouchers')
    ) s
    join chain_events e on e.event_id = regexp_replace(s.cause, '^(reverse:)?[a-z]+:(.*?)(#[0-9]+)?$', '\2')
    where e.block_number <= p_block
  ), issuers as (
    select distinct on (credit_account) credit_account as voucher, debit_account as issuer from entries
    where credit_book::text = 'vouchers' and debit_book = 'credit' and cause not like 'reverse:%'
    order by credit_account, booked_at desc
  )
  select a.account_id, a.ref,
    coalesce(sum(b.amount) filter (where b.book = 'credit'), 0)::bigint,
    coalesce(sum(b.amount) filter (where b.book = 'earnings'), 0)::bigint,
    coalesce(sum(b.amount) filter (where b.book = 'vouchers'), 0)::bigint
  from booked b
  left join issuers i on b.book = 'vouchers' and i.voucher = b.account_id
  join accounts a on a.account_id = coalesce(i.issuer, b.account_id)
  group by a.account_id, a.ref
  having bool_or(b.amount <> 0) and sum(b.amount) <> 0
$$;

-- Purchases of USDC at an onramp, on their way to an account's deposit address. They tell people what goes on; money is
-- what the chain brings.
create table onramp_orders (
  order_id text primary key,
  account_id text not null references accounts,
  provider text not null check (provider in ('coinbase', 'moonpay', 'stripe')),
  amount_usd_cents bigint check (amount_usd_cents > 0),
  address text not null,
  -- how far it is; it only rises, so that news in any order come to the same
  progress smallint not null default 0 check (progress between 0 and 3),
  transaction_hash text,
  -- the provider's own id of the purchase, once it says so
  external_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index onramp_orders_account on onramp_orders (account_id, created_at);
create index onramp_orders_external on onramp_orders (provider, external_id);

-- What providers have told us, once each.
create table onramp_events (
  provider text not null,
  event_id text not null,
  order_id text references onramp_orders,
  kind text not null,
  received_at timestamptz not null default now(),
  primary key (provider, event_id)
);
