-- Recharging from an owner's USDC beside cards: he lets a contract turn some of it into his own credit, see
-- contracts/src/periphery/AllowanceRecharge.sol. A setting without a card is one for USDC.
alter table recharge_settings alter column card_id drop not null;

-- What pays is a card's payment, or a transaction, which is queued in the transaction of the recharge.
alter table recharges
  alter column payment_id drop not null,
  add column transaction_id text unique references transactions deferrable initially deferred,
  add check (num_nonnulls(payment_id, transaction_id) = 1);

-- An account's credit as recharging sees it, in nano-dollars: what running requests hold is not spent yet, and deposits that
-- are in the contract, but not safe, are on their way.
create function credit_before_recharge(p_account text) returns bigint language sql stable as $$
  select chain_nano - debt_nano - unsettled_nano + funded_nano + coalesce((
    select sum(d.pending_micro) * 1000 from deposits d join chain_events e using (event_id)
    where d.account_id = p_account and d.pending_micro > 0 and d.confirmed_at is null and e.reversed_at is null
  ), 0)::bigint
  from balances where account_id = p_account
$$;

-- Whether a recharge is under way, or one was begun within the cooldown.
create function recharge_is_recent(setting recharge_settings, p_moment timestamptz) returns boolean language sql stable as $$
  select exists (
    select from recharges where account_id = setting.account_id
      and (state = 'pending' or started_at > p_moment - make_interval(secs => setting.cooldown_seconds))
  )
$$;

-- What an account is to be recharged with by card, or else from USDC, in nano-dollars and whole units, between p_least and
-- p_most; null if nothing is due: not below the threshold, none under way, none in the cooldown, within the ceiling. Whoever
-- asks has locked the account.
create function due_recharge(
  p_account text, p_moment timestamptz, p_by_card boolean, p_unit bigint, p_least bigint, p_most bigint
) returns bigint language plpgsql as $$
declare
  setting recharge_settings;
  ceiling limits;
  has bigint := credit_before_recharge(p_account);
  amount bigint;
begin
  select * into setting from recharge_settings
    where account_id = p_account and disabled_at is null and (card_id is not null) = p_by_card;
  if not found or has >= setting.threshold_nano or recharge_is_recent(setting, p_moment) then return null; end if;
  if exists (select from accounts where account_id = p_account and frozen_reason is not null) then return null; end if;
  select * into ceiling from limits
    where account_id = p_account and scope = 'recharge' and subject_id = p_account and period = 'month';
  if not found then return null; end if;
  amount := least((setting.target_nano - has + p_unit - 1) / p_unit, p_most / p_unit,
    (ceiling.amount_nano - ceiling.used_nano - ceiling.held_nano) / p_unit) * p_unit;
  return case when amount >= p_least then amount end;
end $$;

-- As before, by card; returns cents.
create or replace function begin_recharge(
  p_recharge text, p_payment text, p_account text, p_least_cents bigint, p_most_cents bigint
) returns bigint language plpgsql as $$
declare
  cent constant bigint := 10000000;
  moment timestamptz := lock_accounts(array[p_account]);
  amount bigint;
begin
  if card_is_blocked(p_account) then return null; end if;
  amount := due_recharge(p_account, moment, true, cent, p_least_cents * cent, p_most_cents * cent);
  if amount is null then return null; end if;
  insert into card_payments (payment_id, account_id, purpose, asked_cents, method_id)
  select p_payment, p_account, 'recharge', amount / cent, method_id
  from recharge_settings s join saved_cards using (card_id)
  where s.account_id = p_account and saved_cards.account_id = p_account and removed_at is null;
  if not found then return null; end if;
  insert into recharges (recharge_id, account_id, payment_id, amount_nano, started_at)
  values (p_recharge, p_account, p_payment, amount, moment);
  update limits set held_nano = held_nano + amount
    where account_id = p_account and scope = 'recharge' and subject_id = p_account and period = 'month';
  return amount / cent;
end $$;

-- The same from USDC, in µUSDC. Whoever calls this queues the transaction with it.
create function begin_usdc_recharge(
  p_recharge text, p_transaction text, p_account text, p_least_micro bigint, p_most_micro bigint
) returns bigint language plpgsql as $$
declare
  micro constant bigint := 1000;
  moment timestamptz := lock_accounts(array[p_account]);
  amount bigint := due_recharge(p_account, moment, false, micro, p_least_micro * micro, p_most_micro * micro);
begin
  if amount is null then return null; end if;
  insert into recharges (recharge_id, account_id, transaction_id, amount_nano, started_at)
  values (p_recharge, p_account, p_transaction, amount, moment);
  update limits set held_nano = held_nano + amount
    where account_id = p_account and scope = 'recharge' and subject_id = p_account and period = 'month';
  return amount / micro;
end $$;

-- As before; one that has failed without a reason leaves recharging on: it may be tried again after the cooldown.
create or replace function end_recharge(p_recharge text, p_is_paid boolean, p_reason text) returns boolean
language plpgsql as $$
declare
  moment timestamptz;
  recharge recharges;
begin
  select * into recharge from recharges where recharge_id = p_recharge;
  moment := lock_accounts(array[recharge.account_id]);
  update recharges set state = case when p_is_paid then 'paid' else 'failed' end, ended_at = moment
    where recharge_id = p_recharge and state = 'pending';
  if not found then return false; end if;
  update limits set held_nano = held_nano - recharge.amount_nano,
      used_nano = used_nano + case when p_is_paid then recharge.amount_nano else 0 end
    where account_id = recharge.account_id and scope = 'recharge' and subject_id = recharge.account_id;
  if not p_is_paid and p_reason is not null then
    update recharge_settings set disabled_at = moment, disabled_reason = p_reason, updated_at = now()
      where account_id = recharge.account_id and disabled_at is null;
  end if;
  return true;
end $$;

-- Turns recharging from USDC off because of what the chain said, if the setting is the one that was read before the chain was
-- asked, and nothing was begun since: what is short may be what a recharge has just taken. Returns whether it did.
create function stop_usdc_recharge(p_account text, p_version text, p_reason text) returns boolean language plpgsql as $$
declare
  moment timestamptz := lock_accounts(array[p_account]);
begin
  update recharge_settings s set disabled_at = moment, disabled_reason = p_reason, updated_at = clock_timestamp()
    where account_id = p_account and disabled_at is null and card_id is null and s.updated_at::text = p_version
      and not recharge_is_recent(s, moment);
  return found;
end $$;
