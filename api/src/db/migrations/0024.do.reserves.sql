-- What was owed at the end of each day (UTC), to whom, as the leaves and nodes of a Merkle-sum tree whose root is public.
create table reserve_days (
  day date primary key,
  -- the last block of that day
  block_number bigint not null check (block_number >= 0),
  block_hash text not null check (block_hash ~ '^0x[0-9a-f]{64}$'),
  root text not null check (root ~ '^0x[0-9a-f]{64}$'),
  accounts integer not null check (accounts >= 0),
  credit_micro bigint not null check (credit_micro >= 0),
  earnings_micro bigint not null check (earnings_micro >= 0),
  vouchers_micro bigint not null check (vouchers_micro >= 0),
  -- of the contract, at that block, where the node still had its state: another total is never published
  liabilities_micro bigint check (liabilities_micro = credit_micro + earnings_micro + vouchers_micro),
  held_micro bigint check (held_micro >= 0),
  check ((liabilities_micro is null) = (held_micro is null)),
  built_at timestamptz not null default now()
);

-- An account's leaf hides it behind a salt that is new every day: only its owner gets it.
create table reserve_leaves (
  day date not null references reserve_days,
  account_id text not null references accounts,
  ref text not null check (ref ~ '^0x[0-9a-f]{64}$'),
  salt bytea not null check (length(salt) = 32),
  place integer not null check (place >= 0),
  credit_micro bigint not null check (credit_micro >= 0),
  earnings_micro bigint not null check (earnings_micro >= 0),
  vouchers_micro bigint not null check (vouchers_micro >= 0),
  primary key (day, account_id),
  unique (day, place)
);

create table reserve_nodes (
  day date not null references reserve_days,
  level smallint not null check (level >= 0),
  place integer not null check (place >= 0),
  hash text not null check (hash ~ '^0x[0-9a-f]{64}$'),
  credit_micro bigint not null check (credit_micro >= 0),
  earnings_micro bigint not null check (earnings_micro >= 0),
  vouchers_micro bigint not null check (vouchers_micro >= 0),
  primary key (day, level, place)
);

create function reserves_never_change() returns trigger language plpgsql as $$
begin
  raise exception 'what was published of a day never changes' using errcode = 'restrict_violation';
end $$;
create trigger reserve_days_stay before update or delete or truncate on reserve_days
  for each statement execute function reserves_never_change();
create trigger reserve_leaves_stay before update or delete or truncate on reserve_leaves
  for each statement execute function reserves_never_change();
create trigger reserve_nodes_stay before update or delete or truncate on reserve_nodes
  for each statement execute function reserves_never_change();

-- What each account was owed in the contract after a block, in nano-dollars, from the ledger's own entries: a booking and
-- its reversal name the same event, so what was reorganised away comes to nothing. A voucher is owed to who issued it.
create function owed_at(p_block bigint) returns table (
  account_id text, ref text, credit_nano bigint, earnings_nano bigint, vouchers_nano bigint
) language sql stable as $$
  with booked as (
    select s.* from (
      select cause, book::text as book, entry_sides.account_id, -amount_nano as amount from entry_sides
      where book::text in ('credit', 'earnings', 'vouchers')
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
