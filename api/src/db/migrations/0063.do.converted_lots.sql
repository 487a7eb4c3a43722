-- Card lots become account-paid credit when their payments can't be disputed any more: what is left of one leaves the lots,
-- and account 1 transfers as much to its account in the contract.

alter table lots add column converted_nano bigint not null default 0 check (converted_nano >= 0);
alter table lots
  alter column left_nano set expression as (amount_nano - used_nano - taken_nano - converted_nano),
  -- a claim takes what is there; what was converted is the account's for good
  alter column target_nano set expression as (
    case when expired_at is not null then amount_nano - used_nano - converted_nano
    else least(claimed_nano, amount_nano - used_nano - converted_nano) end),
  alter column state set expression as (
    case
      when amount_nano > used_nano + taken_nano + converted_nano then 'live'
      when converted_nano > 0 then 'converted'
      when taken_nano = 0 then 'spent'
      when expired_at is not null then 'expired'
      else claim
    end),
  add constraint lots_converted_cards check (converted_nano = 0 or kind = 'card');

-- One per lot, for ever: its amount is out of the lots. `move_id` is the transfer that brings it, the newest if one lapsed.
create table conversions (
  lot_id text primary key references lots,
  account_id text not null references accounts,
  amount_nano bigint not null check (amount_nano > 0 and amount_nano % 1000 = 0),
  move_id text not null unique references moves,
  converted_at timestamptz not null
);
create index moves_of_platform_open on moves (move_id) where account_id = 'acct_platform' and state <> 'completed';

create function conversions_stay() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (new.lot_id, new.account_id, new.amount_nano, new.converted_at)
    = (old.lot_id, old.account_id, old.amount_nano, old.converted_at)
    and exists (select from moves where move_id = old.move_id and state in ('expired', 'failed')) then
    return new;
  end if;
  raise exception 'a lot is converted once' using errcode = 'restrict_violation';
end $$;
create trigger conversions_stay before update or delete on conversions for each row execute function conversions_stay();

create function lot_is_converted() returns trigger language plpgsql as $$
begin
  if not exists (select from lots where (lot_id, account_id, converted_nano) = (new.lot_id, new.account_id, new.amount_nano)) then
    raise exception 'lot % and its conversion differ', new.lot_id using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger conversions_are_of_lots after insert or update on conversions deferrable initially deferred
  for each row execute function lot_is_converted();

-- What is on its way to accounts is in account 1 still, and is not its own any more.
create or replace function funding_room() returns bigint language sql stable as $$
  select b.chain_nano - greatest(0, f.granted_nano - b.settled_nano) - (
    select coalesce(sum(c.amount_nano), 0)::bigint from moves m join conversions c using (move_id)
    where m.account_id = 'acct_platform' and m.state <> 'completed')
  from funding f, balances b where b.account_id = 'acct_platform'
$$;

drop trigger lots_count_taken on lots;
create or replace function count_taken() returns trigger language plpgsql as $$
begin
  update funding set granted_nano = granted_nano
    - (new.taken_nano - old.taken_nano) - (new.converted_nano - old.converted_nano);
  return null;
end $$;
create trigger lots_count_taken after update of taken_nano, converted_nano on lots for each row
  when (new.taken_nano <> old.taken_nano or new.converted_nano <> old.converted_nano) execute function count_taken();

create function conversion_is_final() returns trigger language plpgsql as $$
begin
  if old.converted_nano > 0 and new.converted_nano <> old.converted_nano then
    raise exception 'lot % is converted', old.lot_id using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger conversion_is_final before update of converted_nano on lots for each row execute function conversion_is_final();

-- What was converted and then taken back by the processor after all is lost, like what was spent.
create or replace view card_books as
  select p.payment_id, p.account_id, p.booked_nano, p.loss_nano,
    greatest(0, p.received_cents - p.refunded_cents - p.disputed_cents) * 10000000 as true_booked_nano,
    case when l.claimed_nano > 0 then trunc(
      least(p.received_cents, p.refunded_cents + p.disputed_cents) * 10000000::numeric
        * greatest(0, l.claimed_nano - (l.amount_nano - l.used_nano - l.converted_nano)) / l.claimed_nano)::bigint
    else 0 end as true_loss_nano
  from card_payments p left join lots l using (lot_id);

-- Lots whose payments are old enough and untouched, in accounts that could take credit now.
create view convertible_lots as
  select l.lot_id, l.account_id, l.left_nano, l.created_at, p.payment_id
  from lots l
  join card_payments p using (lot_id)
  join balances b on b.account_id = l.account_id
  join accounts a on a.account_id = l.account_id
  where l.kind = 'card' and l.left_nano >= 1000 and l.claimed_nano = 0 and l.converted_nano = 0
    and p.refunded_cents = 0 and p.disputed_cents = 0
    and not exists (select from card_refunds r where r.payment_id = p.payment_id and r.state = 'asked')
    and a.frozen_reason is null and b.funded_held_nano = 0;

-- Puts the transfer that brings a conversion on its way: written down, held in account 1, to be cleared by the worker.
create function move_conversion(
  p_move text, p_account text, p_amount bigint, p_memo text, p_to bigint, p_nonce bigint, p_deadline bigint
) returns void language plpgsql as $$
declare
  outcome text;
begin
  insert into moves (move_id, kind, account_id, user_id, idempotency_key, body_hash, named_as, named, recipient_id,
    amount_micro, note, memo, from_number, to_number, nonce, deadline)
  select p_move, 'transfer', 'acct_platform', (
      select user_id from account_members where account_id = p_account order by role = 'owner' desc, created_at, user_id limit 1),
    p_move, sha256(convert_to(p_move, 'UTF8')), 'account', p_account, p_account, p_amount / 1000,
    'Your card payment is final: this credit is yours in the contract.', p_memo, 1, p_to, p_nonce, p_deadline;
  outcome := (select c.outcome from place_clearance(p_move, p_nonce, p_deadline, null, 9000000000000000000) c);
  if outcome <> 'held' then
    raise exception 'account 1 can not pay for it: %', outcome using errcode = 'check_violation', constraint = 'conversions_are_held';
  end if;
end $$;

-- Converts a lot, once. Its payment is locked as its news lock it: a dispute comes before and finds a lot, or after, and
-- finds none. Returns whether it did.
create function convert_lot(
  p_lot text, p_move text, p_memo text, p_to bigint, p_nonce bigint, p_deadline bigint, p_window interval, p_now timestamptz
) returns boolean language plpgsql as $$
declare
  convertible convertible_lots;
  amount bigint;
  free bigint;
begin
  perform from card_payments where lot_id = p_lot for update;
  select * into convertible from convertible_lots where lot_id = p_lot and created_at < p_now - p_window;
  if not found then return false; end if;
  perform lock_accounts(array[convertible.account_id, 'acct_platform']);
  perform settle_lots(convertible.account_id, p_now);
  select * into convertible from convertible_lots where lot_id = p_lot;
  if not found then return false; end if;
  amount := convertible.left_nano / 1000 * 1000;
  select funded_nano - funded_held_nano into free from balances where account_id = convertible.account_id;
  if amount > free then return false; end if;
  perform move_conversion(p_move, convertible.account_id, amount, p_memo, p_to, p_nonce, p_deadline);
  insert into conversions (lot_id, account_id, amount_nano, move_id, converted_at)
    values (p_lot, convertible.account_id, amount, p_move, p_now);
  update lots set converted_nano = amount, steps = steps + 1 where lot_id = p_lot;
  perform book_lot('convert', p_lot, convertible.account_id, -amount);
  return true;
end $$;

-- Another transfer for a conversion whose last one lapsed. Returns whether it was needed.
create function retry_conversion(
  p_lot text, p_move text, p_memo text, p_to bigint, p_nonce bigint, p_deadline bigint
) returns boolean language plpgsql as $$
declare
  c conversions;
begin
  select * into c from conversions where lot_id = p_lot for update;
  perform from moves where move_id = c.move_id and state in ('expired', 'failed');
  if not found then return false; end if;
  perform move_conversion(p_move, c.account_id, c.amount_nano, p_memo, p_to, p_nonce, p_deadline);
  update conversions set move_id = p_move where lot_id = p_lot;
  return true;
end $$;
