-- The ledger: entries are the truth, balances a cache that the database itself keeps in step with them.

-- An amount in nano-dollars that is not below zero. A type and not a check: every statement reads the checks of a table anew.
create domain nano_usd as bigint check (value >= 0);

create type book as enum (
  'escrow',      -- USDC held by the contract (asset)
  'credit',      -- an account's balance in the contract, owed to it (B)
  'earnings',    -- an earner's balance in the contract, owed to it
  'usage',       -- metered from an account and not yet settled (u); for the platform: what it funded
  'unsettled',   -- metered for an earner, gross, and not yet settled
  'debt',        -- what an account owes after an overdraft
  'debt_claim',  -- the platform's claim on that debt
  'written_off', -- overdrafts beyond the debt cap: the platform's loss
  'funded',      -- platform-funded credit of an account (f)
  'grants'       -- what the platform has granted and not seen used
);

-- One row moves one amount from one ledger account to another, so that every set of entries balances by construction.
-- A ledger account is a book and an account id. `cause` names what happened and makes booking it twice impossible.
create table entries (
  cause text not null,
  line smallint not null,
  debit_book book not null,
  debit_account text not null,
  credit_book book not null,
  credit_account text not null,
  amount_nano bigint not null check (amount_nano > 0),
  booked_at timestamptz not null default now(),
  primary key (cause, line),
  check ((debit_book, debit_account) <> (credit_book, credit_account))
);
create index entries_debit on entries (debit_account, debit_book);
create index entries_credit on entries (credit_account, credit_book);

create function entries_are_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'entries are never changed: book a reversal instead' using errcode = 'restrict_violation';
end $$;
create trigger entries_append_only before update or delete or truncate on entries
  for each statement execute function entries_are_append_only();

-- Both sides of every entry, debit positive: sums over it are balances, and its total is always zero.
create view entry_sides as
  select cause, line, debit_book as book, debit_account as account_id, amount_nano, booked_at from entries
  union all
  select cause, line, credit_book, credit_account, -amount_nano, booked_at from entries;

-- spendable = chain − debt − unsettled − held + funded − funded_held, all in nano-dollars. A row is made with its account,
-- by the trigger below, and never by anything else; a foreign key would be checked with every second update of a
-- transaction. Half of each page is left free, so that updates stay on it and touch no index.
create table balances (
  account_id text primary key,
  chain_nano nano_usd not null default 0,
  debt_nano nano_usd not null default 0,
  unsettled_nano nano_usd not null default 0,
  funded_nano nano_usd not null default 0,
  written_off_nano nano_usd not null default 0,
  held_nano nano_usd not null default 0,
  funded_held_nano nano_usd not null default 0 check (funded_held_nano <= funded_nano),
  -- lifetime account-paid usage that has been settled: what the overdraft allowance is earned with
  settled_nano nano_usd not null default 0
) with (fillfactor = 50);

create function open_balance() returns trigger language plpgsql as $$
begin
  insert into balances (account_id) values (new.account_id);
  return null;
end $$;
create trigger accounts_open_balance after insert on accounts
  for each row execute function open_balance();

create function accounts_stay() returns trigger language plpgsql as $$
begin
  raise exception 'accounts are never deleted or renamed: entries point at them' using errcode = 'restrict_violation';
end $$;
create trigger accounts_stay before delete or update of account_id on accounts
  for each row execute function accounts_stay();

insert into accounts (account_id, kind) values ('acct_platform', 'platform');

-- The platform's own `usage` is appended and never cached: every funded request would wait for that one row.
create function keep_balances() returns trigger language plpgsql as $$
begin
  update balances b set
    chain_nano = b.chain_nano + d.chain,
    debt_nano = b.debt_nano + d.debt,
    unsettled_nano = b.unsettled_nano + d.unsettled,
    funded_nano = b.funded_nano + d.funded,
    written_off_nano = b.written_off_nano + d.written_off
  from (
    select account_id,
      coalesce(sum(-amount_nano) filter (where book = 'credit'), 0)::bigint as chain,
      coalesce(sum(amount_nano) filter (where book = 'debt'), 0)::bigint as debt,
      coalesce(sum(amount_nano) filter (where book = 'usage'), 0)::bigint as unsettled,
      coalesce(sum(-amount_nano) filter (where book = 'funded'), 0)::bigint as funded,
      coalesce(sum(amount_nano) filter (where book = 'written_off'), 0)::bigint as written_off
    from (
      select debit_book as book, debit_account as account_id, amount_nano from fresh
      union all
      select credit_book, credit_account, -amount_nano from fresh
    ) side
    where book in ('credit', 'debt', 'usage', 'funded', 'written_off')
      and not (book = 'usage' and account_id = 'acct_platform')
    group by account_id
  ) d
  where b.account_id = d.account_id;
  return null;
end $$;
create trigger entries_keep_balances after insert on entries
  referencing new table as fresh for each statement execute function keep_balances();

-- One table for every limit somebody can set. `amount` bounds `used + held` in the current window (UTC, weeks from Monday).
create table limits (
  limit_id bigint generated always as identity primary key,
  account_id text not null references accounts,
  scope text not null check (scope in ('account', 'chain_day', 'member', 'project', 'key', 'recharge', 'sharing')),
  subject_id text not null,
  period text not null check (period in ('day', 'week', 'month', 'total')),
  amount_nano bigint not null check (amount_nano >= 0),
  used_nano bigint not null default 0 check (used_nano >= 0),
  held_nano nano_usd not null default 0,
  period_start timestamptz not null default 'epoch',
  unique (account_id, scope, subject_id, period)
);

create function start_of_period(period text, at timestamptz) returns timestamptz language sql stable as $$
  select case period when 'total' then 'epoch'::timestamptz else date_trunc(period, at, 'UTC') end
$$;

-- A process that may hold and capture. Its holds are released, unbilled, once its lease has run out.
create table instances (
  instance_id text primary key,
  lease_until timestamptz not null,
  started_at timestamptz not null default now()
);

-- Money set aside for a running request. A hold ends by capture, release or expiry: then its row is gone.
-- No foreign keys here and in usage: ledger_commit joins every row to the balance it has locked.
create table holds (
  account_id text not null,
  request_id text not null,
  instance_id text not null,
  paid_nano nano_usd not null,
  funded_nano nano_usd not null,
  limit_ids bigint[] not null default '{}',
  created_at timestamptz not null default now(),
  primary key (account_id, request_id)
);
