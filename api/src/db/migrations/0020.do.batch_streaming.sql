-- Batches of up to a million captures: built in slices, checked as a whole when they are committed.

-- An account's captures that are in no batch yet, oldest first; and those of a batch, by account.
drop index usage_unbatched;
create index usage_unbatched on usage (account_id, started_at, request_id) where batch_id is null;
drop index usage_batch;
create index usage_batch on usage (batch_id, account_id) where batch_id is not null;

-- The last number that the contract has used is asked for several times a second.
create index batches_seq on batches (seq);

-- A capture is claimed by one batch, and let go only by giving that batch up. The foreign key asked for the batch a
-- million times, 9 seconds of a batch of a million: what it guarded, `batch_is_its_captures` compares as a whole.
alter table usage drop constraint usage_batch_id_fkey;
create function captures_are_claimed_once() returns trigger language plpgsql as $$
begin
  if exists (select from batches where batch_id = old.batch_id and state <> 'voided') then
    raise exception 'capture % is in batch % already', old.request_id, old.batch_id using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger usage_is_claimed_once before update of batch_id on usage for each row
  when (old.batch_id is not null and new.batch_id is distinct from old.batch_id)
  execute function captures_are_claimed_once();

-- Who brought whom, by first touch: 1 % of what the account then pays is its referrer's, out of the platform's share.
create table referrals (
  account_id text primary key references accounts,
  referrer_id text not null references accounts,
  referred_at timestamptz not null default now(),
  check (referrer_id <> account_id)
);
create index referrals_referrer on referrals (referrer_id);

-- Referred gross by referrer, in whole micro-dollars. What has no line yet (no account in the contract, too small a
-- batch) is carried.
create table batch_referrers (
  batch_id bigint not null references batches,
  account_id text not null references accounts,
  chain_account bigint, -- null: the contract has no account for him yet
  referred_micro bigint not null check (referred_micro >= 0),
  carry_in_micro bigint not null check (carry_in_micro >= 0),
  carry_out_micro bigint not null check (carry_out_micro >= 0),
  line_micro bigint not null check (line_micro >= 0),
  primary key (batch_id, account_id),
  check (carry_in_micro + referred_micro - carry_out_micro = line_micro),
  check (line_micro = 0 or chain_account is not null)
);
create index batch_referrers_account on batch_referrers (account_id, batch_id);

-- What the batch says of its accounts and operators, against the captures that are claimed for it.
create function batch_is_its_captures() returns trigger language plpgsql as $$
declare
  batch batches;
  wrong text;
begin
  select * into batch from batches where batch_id = new.batch_id;
  with captured as (
    select account_id, operator_id, count(*) as receipts, sum(cost_nano - funded_nano) as paid, sum(funded_nano) as funded
    from usage where batch_id = new.batch_id group by 1, 2
  ), payers as (
    select account_id, sum(receipts) as receipts, sum(paid) as paid, sum(funded) as funded from (
      select account_id, receipts, paid, funded from captured
      union all
      select 'acct_platform', 0, funded, 0 from captured
    ) c group by 1
  ), earners as (
    select operator_id as account_id, sum(paid + funded) as earned from captured group by 1
  )
  select account_id into wrong from (
    select account_id
    from payers c full join (select * from batch_accounts where batch_id = new.batch_id) b using (account_id)
    where coalesce(c.receipts, 0) <> coalesce(b.receipts, 0) or coalesce(c.paid, 0) <> coalesce(b.paid_nano, 0)
      or coalesce(c.funded, 0) <> coalesce(b.funded_nano, 0)
    union all
    select account_id
    from earners c full join (select * from batch_earners where batch_id = new.batch_id) b using (account_id)
    where coalesce(c.earned, 0) <> coalesce(b.earned_nano, 0)
  ) w limit 1;
  if wrong is not null then
    raise exception 'batch % does not say of % what was captured', batch.seq, wrong using errcode = 'check_violation';
  end if;
  if (select coalesce(sum(line_micro), 0) from batch_accounts where batch_id = new.batch_id) <> batch.gross_micro
    or (select coalesce(sum(line_micro), 0) from batch_earners where batch_id = new.batch_id) <> batch.gross_micro
    or (select coalesce(sum(line_micro), 0) from batch_referrers where batch_id = new.batch_id) > batch.gross_micro then
    raise exception 'batch % does not conserve its gross', batch.seq using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger batch_is_its_captures after insert on batches deferrable initially deferred
  for each row execute function batch_is_its_captures();
