-- Who brings whom: links, first touch, and what is self-dealing.

-- What an account's link has in it. It follows from the id and says nothing that a link would not say.
alter table accounts add column referral_code text not null unique
  generated always as (substr(md5('infr referral ' || account_id), 1, 16)) stored;

alter table referrals
  -- when the link was followed; null: written by the platform itself
  add column touched_at timestamptz,
  -- lines of batches built from then on are nobody's referral
  add column ended_at timestamptz,
  add column end_reason text check (length(end_reason) between 1 and 200),
  add check (touched_at <= referred_at),
  add check ((ended_at is null) = (end_reason is null));

-- Cards that an account has paid with, as the processor tells cards apart: never their numbers.
create table card_fingerprints (
  account_id text not null references accounts,
  fingerprint text not null check (length(fingerprint) between 1 and 128),
  seen_at timestamptz not null default now(),
  primary key (account_id, fingerprint)
);
create index card_fingerprints_card on card_fingerprints (fingerprint);

-- One mailbox has many spellings: case, "+tag", and dots where the host takes them out.
create function mailbox_of(address text) returns text language sql immutable as $$
  select case when host in ('gmail.com', 'googlemail.com') then replace(name, '.', '') || '@gmail.com' else name || '@' || host end
  from (
    select split_part(split_part(lower(address), '@', 1), '+', 1) as name, split_part(lower(address), '@', 2) as host
  ) parts
$$;

-- What shows who is behind an account. Whoever belongs to it stands for himself; ways in and cards are its owners'.
create function person_marks(p_account text) returns table (mark text) language sql stable as $$
  with owners as (
    select user_id from account_members where account_id = p_account and role in ('owner', 'admin')
  )
  select 'user:' || user_id from account_members where account_id = p_account
  union select 'wallet:' || w.address from wallets w join owners using (user_id)
  -- the wallet that owns it in the contract, if people sign in with it: the custodian is no person
  union select 'wallet:' || w.address from accounts a join wallets w on w.address = coalesce((
    select value from account_facts f where f.account_id = a.account_id and f.what = 'owner'), a.owner)
    where a.account_id = p_account
  union select 'mailbox:' || mailbox_of(e.address) from emails e join owners using (user_id)
  union select 'card:' || fingerprint from card_fingerprints where account_id = p_account
$$;

-- Why one account can't be another's referrer, or null.
create function referral_fault(p_account text, p_referrer text) returns text language plpgsql stable as $$
begin
  if p_account = p_referrer or exists (
    select from person_marks(p_account) mine join person_marks(p_referrer) theirs using (mark)) then
    return 'the same people, wallets, mailboxes or cards are behind both accounts';
  end if;
  if exists (
    with recursive above as (
      select referrer_id from referrals where account_id = p_referrer
      union
      select r.referrer_id from referrals r join above a on r.account_id = a.referrer_id
    )
    select from above where referrer_id = p_account) then
    return 'the referrer came through this account himself';
  end if;
  return null;
end $$;

-- One at a time: two at once could close a circle that neither of them sees.
create function check_referral() returns trigger language plpgsql as $$
declare
  fault text;
begin
  perform pg_advisory_xact_lock(hashtext('infr referrals'));
  fault := referral_fault(new.account_id, new.referrer_id);
  if fault is null and exists (select from accounts where account_id in (new.account_id, new.referrer_id) and kind = 'platform') then
    fault := 'the platform is nobody''s referrer';
  end if;
  if fault is null and new.touched_at is not null and exists (
    select from account_members m join users u using (user_id)
    where m.account_id = new.account_id and u.created_at < new.touched_at) then
    fault := 'they were here before';
  end if;
  if fault is not null then
    raise exception '% can not be referred by %: %', new.account_id, new.referrer_id, fault
      using errcode = 'check_violation', constraint = 'referrals_are_honest';
  end if;
  return new;
end $$;
create trigger referrals_are_honest before insert on referrals for each row execute function check_referral();

-- The first touch counts for ever: a referral only ends.
create function referrals_stay() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.ended_at is null and new.ended_at is not null
    and (new.account_id, new.referrer_id, new.referred_at) = (old.account_id, old.referrer_id, old.referred_at)
    and new.touched_at is not distinct from old.touched_at then
    return new;
  end if;
  raise exception 'an account has one referrer for ever' using errcode = 'restrict_violation';
end $$;
create trigger referrals_stay before update or delete on referrals for each row execute function referrals_stay();

-- Makes whoever's link was followed the referrer of an account that has just been made, if that was not too long ago.
-- Returns whether he is now; why not, nobody has to know.
create function attribute_referral(p_account text, p_code text, p_touched timestamptz, p_window interval)
returns boolean language plpgsql as $$
begin
  insert into referrals (account_id, referrer_id, touched_at)
    select p_account, a.account_id, p_touched from accounts a
    where a.referral_code = p_code and p_touched > now() - p_window
    on conflict do nothing;
  return found;
exception when check_violation then
  return false;
end $$;

-- Ends what has turned out to be self-dealing: a wallet linked, a mailbox, a card, after the sign-up. The batch that is
-- being built does not count these accounts any more; those built before it do, whenever they are computed again.
create function end_self_dealing(p_accounts text[], p_at timestamptz) returns void language sql as $$
  update referrals set ended_at = p_at, end_reason = referral_fault(account_id, referrer_id)
  where account_id = any (p_accounts) and ended_at is null and referral_fault(account_id, referrer_id) is not null
$$;
