-- What administrators do: adjustments of the books by two persons, and freezing accounts.

-- The other side of adjustments that no account is part of.
alter type book add value 'adjustments';

-- Proposed by one person, decided by another. What is proposed does not change, and is decided once.
create table adjustments (
  adjustment_id text primary key,
  -- what it is for, in the proposer's words and as his own name for it: once
  cause text not null unique check (cause ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'),
  reason text not null check (length(reason) between 10 and 1000),
  kind text not null check (kind in ('credit', 'correction')),
  -- credit: platform-funded, for this account
  account_id text references accounts check (account_id <> 'acct_platform'),
  -- correction: between two of the platform's books that neither contract nor lots say anything of
  debit_book text check (debit_book in ('card', 'card_sales', 'card_losses', 'adjustments')),
  credit_book text check (credit_book in ('card', 'card_sales', 'card_losses', 'adjustments')),
  amount_nano bigint not null check (amount_nano between 1 and 1000000000000000),
  state text not null default 'proposed' check (state in ('proposed', 'approved', 'rejected')),
  proposed_by text not null references users,
  proposed_at timestamptz not null default now(),
  decided_by text references users,
  decided_at timestamptz,
  check ((kind = 'credit') = (account_id is not null)),
  check ((kind = 'correction') = (debit_book is not null) and (debit_book is null) = (credit_book is null)),
  check (debit_book <> credit_book),
  check ((state = 'proposed') = (decided_by is null) and (decided_by is null) = (decided_at is null)),
  -- whoever proposed may call it off himself, and that is all
  constraint adjustments_need_two_persons check (state <> 'approved' or decided_by <> proposed_by)
);
create index adjustments_open on adjustments (proposed_at) where state = 'proposed';

create function check_adjustment() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or (tg_op = 'INSERT' and new.state <> 'proposed') then
    raise exception 'an adjustment begins as a proposal and stays' using errcode = 'restrict_violation';
  end if;
  if tg_op = 'UPDATE' and (old.state <> 'proposed' or new.state = 'proposed' or
    (new.adjustment_id, new.cause, new.reason, new.kind, new.amount_nano, new.proposed_by, new.proposed_at)
      <> (old.adjustment_id, old.cause, old.reason, old.kind, old.amount_nano, old.proposed_by, old.proposed_at)
    or (new.account_id, new.debit_book, new.credit_book) is distinct from (old.account_id, old.debit_book, old.credit_book)) then
    raise exception 'what was proposed does not change, and is decided once' using errcode = 'restrict_violation';
  end if;
  if new.state <> 'rejected' and exists (
    select from account_members where account_id = new.account_id and user_id in (new.proposed_by, new.decided_by)) then
    raise exception 'nobody adjusts an account of his own' using errcode = 'check_violation',
      constraint = 'adjustments_are_not_for_oneself';
  end if;
  return new;
end $$;
create trigger adjustments_step before insert or update or delete on adjustments
  for each row execute function check_adjustment();

-- Approved means booked, as proposed; and what is booked as an adjustment was approved.
create function adjustment_is_booked() returns trigger language plpgsql as $$
declare
  is_booked boolean;
begin
  if new.kind = 'credit' then
    is_booked := exists (
      select from lots where cause = 'adjust:' || new.adjustment_id
        and (account_id, amount_nano) = (new.account_id, new.amount_nano));
  else
    is_booked := (
      select count(*) = 1 and bool_and(
        (debit_book::text, debit_account, credit_book::text, credit_account, amount_nano)
          = (new.debit_book, 'acct_platform', new.credit_book, 'acct_platform', new.amount_nano))
      from entries where cause = 'adjust:' || new.adjustment_id);
  end if;
  if not is_booked then
    raise exception 'adjustment % is approved and not booked as proposed', new.adjustment_id
      using errcode = 'check_violation', constraint = 'adjustments_are_booked';
  end if;
  return null;
end $$;
create constraint trigger adjustments_are_booked after update on adjustments deferrable initially deferred
  for each row when (new.state = 'approved') execute function adjustment_is_booked();

create function lot_is_approved() returns trigger language plpgsql as $$
begin
  if not exists (select from adjustments where 'adjust:' || adjustment_id = new.cause and state = 'approved') then
    raise exception 'lot % is of an adjustment that two persons have not agreed on', new.lot_id
      using errcode = 'check_violation', constraint = 'adjustments_need_two_persons';
  end if;
  return null;
end $$;
create constraint trigger adjusted_lots_are_approved after insert on lots deferrable initially deferred
  for each row when (new.cause like 'adjust:%') execute function lot_is_approved();

create index admin_acts_subject on admin_acts (subject_id, act_id);

-- Who is frozen gets no credit by card either.
create or replace function card_is_blocked(p_account text) returns boolean language sql stable as $$
  select exists (select from card_payments where account_id = p_account and disputed_cents > 0)
    or exists (select from accounts where account_id = p_account and frozen_reason is not null)
$$;
