-- Credit sent to an e-mail address: a voucher like a gift's, for whoever proves that he reads the address. Its key is made of
-- `code`, which is here, and of VOUCHER_SECRET, which is not: neither of the two is enough to redeem it.
-- And gifts that are for one address.
alter table moves
  -- in lower case: the only one who may redeem it
  add column lock_email text check (lock_email = lower(lock_email) and length(lock_email) <= 254),
  add column code text check (code ~ '^[0-9A-Z]{26}$'),
  drop constraint moves_kind,
  add constraint moves_kind check (kind in ('transfer', 'gift', 'claim')),
  drop constraint moves_voucher,
  add constraint moves_voucher check ((kind <> 'transfer') = (voucher_key is not null) and (voucher_key is null) = (expiry is null)),
  drop constraint moves_named,
  add constraint moves_named check ((kind <> 'gift') = (named_as is not null and named is not null)),
  drop constraint moves_named_as_check,
  add constraint moves_named_as_check check (named_as in ('wallet', 'account', 'team', 'email')),
  add constraint moves_claim check (
    (kind = 'claim') = (code is not null) and (kind = 'claim') = (named_as is not distinct from 'email')
    and (kind <> 'claim' or lock_email is not null)),
  add constraint moves_lock check (lock_wallet is null or lock_email is null);
create index moves_claimable on moves (lock_email) where kind = 'claim' and state = 'active';
create index moves_claimed on moves (redeemer_id, move_id) where kind = 'claim';

-- Whom it is for is part of what was signed.
create function check_move_lock() returns trigger language plpgsql as $$
begin
  if (new.lock_email, new.code) is distinct from (old.lock_email, old.code) then
    raise exception 'whom a move is for does not change' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger moves_lock_stays before update of lock_email, code on moves for each row execute function check_move_lock();

-- As before, for every kind of voucher.
create or replace function take_gift(p_move text, p_account text, p_now bigint) returns text language plpgsql as $$
declare
  m moves;
begin
  select * into m from moves where move_id = p_move and kind <> 'transfer' for update;
  if m.redeemer_id = p_account and (m.state = 'redeemed' or (m.state = 'active' and m.closing_transaction_id is not null)) then
    return 'sent';
  end if;
  if m.state is distinct from 'active' or m.revoked_at is not null or m.closing_transaction_id is not null or m.expiry <= p_now
    or (m.redeemer_id <> p_account and m.redeemer_at > now() - interval '15 minutes') then
    return 'lost';
  end if;
  update moves set redeemer_id = p_account, redeemer_at = now() where move_id = p_move;
  return 'taken';
end $$;
