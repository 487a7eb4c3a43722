-- Credit that waits under a voucher's key in the contract for whoever has its code. The code itself is nowhere: only the
-- address of the key that is made of it, which is what the contract knows too.
alter table moves
  add column kind text not null default 'transfer',
  add constraint moves_kind check (kind in ('transfer', 'gift')),
  alter column named_as drop not null,
  alter column named drop not null,
  -- an address in lower case, as events have it, and seconds of chain time
  add column voucher_key text unique check (voucher_key ~ '^0x[0-9a-f]{40}$'),
  add column expiry bigint,
  -- the only one who may redeem it; such a code works here alone
  add column lock_wallet text check (lock_wallet ~ '^0x[0-9a-f]{40}$'),
  add column revoked_at timestamptz,
  -- who is redeeming it, or has: nobody else can meanwhile
  add column redeemer_id text references accounts,
  add column redeemer_at timestamptz,
  -- what takes it from under its key: a redemption, or its way back
  add column closing_transaction_id text references transactions,
  add column closed_event_id text unique references chain_events,
  add constraint moves_voucher check ((kind = 'gift') = (voucher_key is not null) and (voucher_key is null) = (expiry is null)),
  add constraint moves_named check ((kind = 'transfer') = (named_as is not null and named is not null)),
  add check ((redeemer_id is null) = (redeemer_at is null)),
  add check (state = 'expired' or (state in ('redeemed', 'revoked')) = (closed_event_id is not null)),
  drop constraint moves_state_check,
  add constraint moves_state_check check (
    case kind
      when 'transfer' then state in ('awaiting_signature', 'pending', 'completed', 'expired', 'failed')
      else state in ('awaiting_signature', 'pending', 'active', 'redeemed', 'revoked', 'expired', 'failed')
    end);
create index moves_gifts on moves (account_id, move_id) where kind = 'gift';
create index moves_active on moves (expiry) where state = 'active';
create index moves_closing on moves (closing_transaction_id) where closing_transaction_id is not null;

create or replace function check_move_step() returns trigger language plpgsql as $$
begin
  if (new.move_id, new.account_id, new.amount_micro, new.memo, new.kind)
    <> (old.move_id, old.account_id, old.amount_micro, old.memo, old.kind)
    or (new.named_as, new.named, new.voucher_key, new.expiry, new.lock_wallet)
      is distinct from (old.named_as, old.named, old.voucher_key, old.expiry, old.lock_wallet) then
    raise exception 'what a move is does not change' using errcode = 'check_violation';
  end if;
  if old.nonce is not null and old.state <> 'awaiting_signature'
    and (new.from_number, new.to_number, new.nonce, new.deadline, new.recipient_id)
      is distinct from (old.from_number, old.to_number, old.nonce, old.deadline, old.recipient_id) then
    raise exception 'what was signed does not change' using errcode = 'check_violation';
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('awaiting_signature', 'pending'), ('awaiting_signature', 'expired'), ('awaiting_signature', 'failed'),
    ('pending', 'completed'), ('pending', 'active'), ('pending', 'expired'), ('pending', 'failed'),
    ('active', 'redeemed'), ('active', 'revoked'), ('active', 'expired'),
    -- reorganised away
    ('completed', 'pending'), ('active', 'pending'), ('redeemed', 'active'), ('revoked', 'active'), ('expired', 'active'),
    -- the chain is right, whatever we had thought
    ('expired', 'completed'), ('failed', 'completed'), ('failed', 'active')
  ) then
    raise exception 'a move can not go from % to %', old.state, new.state using errcode = 'check_violation';
  end if;
  new.updated_at := now();
  return new;
end $$;

-- Takes a gift for an account, so that nobody else can redeem it meanwhile: the first who comes. One who comes again, because
-- his account had to be opened first, still has it; one who does not come back within a quarter of an hour loses it.
-- @return taken | sent (it is on its way to this account) | lost
create function take_gift(p_move text, p_account text, p_now bigint) returns text language plpgsql as $$
declare
  m moves;
begin
  select * into m from moves where move_id = p_move and kind = 'gift' for update;
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
