-- Lots: what an account's platform-funded credit is made of. The hot path knows one counter, `balances.funded_nano`; which
-- lot a request burnt is worked out behind it, from that counter alone: what the lots have more than the counter is usage
-- that no lot has been charged for yet. So nothing is charged twice or forgotten, whatever dies in between.

create table lots (
  lot_id text primary key,
  account_id text not null references accounts check (account_id <> 'acct_platform'),
  kind text not null check (kind in ('promo', 'trial', 'subscription', 'enterprise', 'card')),
  -- what it was granted for: once
  cause text not null unique check (length(cause) between 1 and 200),
  amount_nano bigint not null check (amount_nano > 0),
  used_nano bigint not null default 0 check (used_nano >= 0),
  -- taken out of the account's counter again: expired, or claimed back
  taken_nano bigint not null default 0 check (taken_nano >= 0),
  -- how much of it is claimed back, as far as it is not used: refunds, disputes, grants that are revoked
  claimed_nano bigint not null default 0 check (claimed_nano between 0 and amount_nano),
  claim text check (claim in ('revoked', 'refunded', 'disputed')),
  -- between lots that expire at the same moment the lower one is burnt first
  priority smallint not null default 100 check (priority between 0 and 1000),
  expires_at timestamptz,
  expired_at timestamptz,
  -- movements after the grant: each entry's cause has its number
  steps integer not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  left_nano bigint not null generated always as (amount_nano - used_nano - taken_nano) stored check (left_nano >= 0),
  -- what has to be taken out in the end. While it is held by running requests it can't be.
  target_nano bigint not null generated always as (
    case when expired_at is not null then amount_nano - used_nano else least(claimed_nano, amount_nano - used_nano) end
  ) stored,
  state text not null generated always as (
    case
      when amount_nano > used_nano + taken_nano then 'live'
      when taken_nano = 0 then 'spent'
      when expired_at is not null then 'expired'
      else claim
    end
  ) stored,
  check (claimed_nano = 0 or claim is not null),
  -- paid credit does not expire; what is given away does
  check (kind <> 'card' or expires_at is null),
  check (kind not in ('promo', 'trial', 'subscription') or expires_at > created_at),
  check (expired_at is null or expired_at >= expires_at)
);
create index lots_account on lots (account_id, created_at);
create index lots_live on lots (account_id) where left_nano > 0;
create index lots_to_take on lots (account_id) where taken_nano <> target_nano;
create index lots_expiring on lots (expires_at) where left_nano > 0 and expired_at is null;

-- One promotion or trial per identity: an account's owners, their wallets, whatever else proves to be the same person.
create table lot_identities (
  campaign text not null check (campaign ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  identity text not null check (length(identity) between 3 and 200),
  lot_id text not null references lots,
  primary key (campaign, identity)
);
create index lot_identities_lot on lot_identities (lot_id);

create function gifts_have_an_identity() returns trigger language plpgsql as $$
begin
  if not exists (select from lot_identities where lot_id = new.lot_id) then
    raise exception 'lot % is for nobody in particular: a promotion or trial is one per identity', new.lot_id
      using errcode = 'check_violation', constraint = 'gifts_have_an_identity';
  end if;
  return null;
end $$;
create constraint trigger gifts_have_an_identity after insert on lots deferrable initially deferred
  for each row when (new.kind in ('promo', 'trial')) execute function gifts_have_an_identity();

-- Everything that was ever granted, less what was taken out again. With what the platform has settled of it this is what
-- account 1 has to cover: unspent lots, and usage of them that is not settled yet. Captures move money between these two
-- and change nothing here.
create table funding (
  is_only boolean primary key default true check (is_only),
  granted_nano bigint not null default 0 check (granted_nano >= 0)
);
insert into funding default values;

-- What account 1 has in the contract beyond that, in nano-dollars: how much more can be granted.
create function funding_room() returns bigint language sql stable as $$
  select b.chain_nano - greatest(0, f.granted_nano - b.settled_nano)
  from funding f, balances b where b.account_id = 'acct_platform'
$$;

-- New lots only as far as account 1 covers them. Its balance is locked, so two grants never count on the same dollars.
create function lots_are_covered() returns trigger language plpgsql as $$
begin
  perform from balances where account_id = 'acct_platform' for update;
  update funding set granted_nano = granted_nano + new.amount_nano;
  if funding_room() < 0 then
    raise exception 'account 1 does not cover a lot of %: it has % less', new.amount_nano, -funding_room()
      using errcode = 'check_violation', constraint = 'lots_are_covered';
  end if;
  return null;
end $$;
create trigger lots_are_covered after insert on lots for each row execute function lots_are_covered();

create function count_taken() returns trigger language plpgsql as $$
begin
  update funding set granted_nano = granted_nano - (new.taken_nano - old.taken_nano);
  return null;
end $$;
create trigger lots_count_taken after update of taken_nano on lots for each row
  when (new.taken_nano <> old.taken_nano) execute function count_taken();

create function lots_stay() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.used_nano >= old.used_nano and new.steps >= old.steps
    and (new.lot_id, new.account_id, new.kind, new.cause, new.amount_nano, new.priority, new.created_at)
      = (old.lot_id, old.account_id, old.kind, old.cause, old.amount_nano, old.priority, old.created_at)
    and new.expires_at is not distinct from old.expires_at
    and (old.expired_at is null or new.expired_at = old.expired_at) then
    return new;
  end if;
  raise exception 'what a lot is does not change, and its usage is not taken back' using errcode = 'restrict_violation';
end $$;
create trigger lots_stay before update or delete on lots for each row execute function lots_stay();

-- Whoever changes lots leaves them equal to the counter: everything that was used by then is charged to a lot.
create function lots_are_the_counter() returns trigger language plpgsql as $$
declare
  lots_have bigint := (select coalesce(sum(left_nano), 0) from lots where account_id = new.account_id);
  counted bigint := (select funded_nano from balances where account_id = new.account_id);
begin
  if lots_have <> counted then
    raise exception 'the lots of % have %, its balance says %', new.account_id, lots_have, counted
      using errcode = 'check_violation', constraint = 'lots_are_the_counter';
  end if;
  return null;
end $$;
create constraint trigger lots_are_the_counter after insert or update on lots deferrable initially deferred
  for each row execute function lots_are_the_counter();

-- Moves an amount into an account's counter, or (below zero) out of it.
create function book_lot(p_step text, p_lot text, p_account text, p_amount bigint) returns void language sql as $$
  insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
  values (
    p_step || ':' || p_lot, 1,
    case when p_amount > 0 then 'grants'::book else 'funded' end, case when p_amount > 0 then 'acct_platform' else p_account end,
    case when p_amount > 0 then 'funded'::book else 'grants' end, case when p_amount > 0 then p_account else 'acct_platform' end,
    abs(p_amount))
$$;

-- Charges an account's lots for what was used of them: nearest expiry first, then priority, then age. The caller has
-- locked its balance.
create function burn_lots(p_account text) returns void language plpgsql as $$
declare
  counted bigint := (select funded_nano from balances where account_id = p_account);
  used bigint := (select coalesce(sum(left_nano), 0) from lots where account_id = p_account) - counted;
begin
  if used < 0 then
    raise exception 'account % has % of funded credit that is of no lot', p_account, -used using errcode = 'check_violation';
  end if;
  if used = 0 then return; end if;
  update lots l set used_nano = l.used_nano + least(l.left_nano, used - v.before)
  from (
    select lot_id, sum(left_nano) over (order by expires_at nulls last, priority, created_at, lot_id) - left_nano as before
    from lots where account_id = p_account and left_nano > 0
  ) v
  where l.lot_id = v.lot_id and v.before < used;
end $$;

-- Brings an account's lots up to date: usage, expiry, and what is claimed back or given back again. Credit that running
-- requests hold is left to them: it is taken when they end. Doing it again changes nothing.
create function settle_lots(p_account text, p_now timestamptz) returns void language plpgsql as $$
declare
  free bigint;
  lot lots;
  change bigint;
begin
  perform from balances where account_id = p_account for update;
  perform burn_lots(p_account);
  update lots set expired_at = p_now
    where account_id = p_account and left_nano > 0 and expired_at is null and expires_at <= p_now;
  select funded_nano - funded_held_nano into free from balances where account_id = p_account;
  for lot in
    select * from lots where account_id = p_account and taken_nano <> target_nano
    order by target_nano < taken_nano desc, expires_at nulls last, priority, created_at, lot_id
  loop
    change := least(lot.target_nano - lot.taken_nano, free);
    continue when change = 0;
    free := free - change;
    update lots set taken_nano = taken_nano + change, steps = steps + 1 where lot_id = lot.lot_id;
    perform book_lot(
      case when change < 0 then 'restore' when lot.expired_at is not null then 'expire' else 'claim' end,
      lot.lot_id || ':' || lot.steps + 1, p_account, -change);
  end loop;
end $$;

-- Grants a lot, once for its cause. Returns the lot that stands for the cause, be it this one or an earlier one.
create function grant_lot(
  p_lot text, p_account text, p_kind text, p_cause text, p_amount bigint, p_priority smallint, p_expires timestamptz,
  p_now timestamptz
) returns lots language plpgsql as $$
declare
  known lots;
begin
  perform from balances where account_id in (p_account, 'acct_platform') order by account_id for update;
  select * into known from lots where cause = p_cause;
  if found then return known; end if;
  -- What was used before is not this lot's.
  perform settle_lots(p_account, p_now);
  insert into lots (lot_id, account_id, kind, cause, amount_nano, priority, expires_at, created_at)
  values (p_lot, p_account, p_kind, p_cause, p_amount, p_priority, p_expires, p_now) returning * into known;
  perform book_lot('grant', p_lot, p_account, p_amount);
  return known;
end $$;

-- What administrators of the platform did, in the transaction that did it.
create table admin_acts (
  act_id bigint generated always as identity primary key,
  user_id text not null references users,
  act text not null,
  subject_id text not null,
  details jsonb not null,
  acted_at timestamptz not null default now()
);
create trigger admin_acts_append_only before update or delete or truncate on admin_acts
  for each statement execute function entries_are_append_only();
