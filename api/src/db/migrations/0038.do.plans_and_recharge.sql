-- Subscriptions, as the processor knows them. What they give is a lot for each invoice that is paid.
create table subscriptions (
  subscription_id text primary key,
  account_id text not null references accounts,
  plan_id text not null,
  status text not null check (status in ('incomplete', 'active', 'past_due', 'ended')),
  ends_at_period_end boolean not null,
  period_end timestamptz,
  version integer not null default 0,
  created_at timestamptz not null default now()
);
create index subscriptions_account on subscriptions (account_id, created_at);

-- Recharging by itself: only for accounts whose people have asked for it. The monthly ceiling is a limit, scope 'recharge'.
create table recharge_settings (
  account_id text primary key references accounts,
  card_id text not null references saved_cards,
  threshold_nano bigint not null check (threshold_nano >= 0),
  target_nano bigint not null check (target_nano > threshold_nano),
  cooldown_seconds integer not null check (cooldown_seconds between 60 and 2592000),
  -- who asked for it, and why it was turned off if it was
  user_id text not null references users,
  disabled_at timestamptz,
  disabled_reason text,
  updated_at timestamptz not null default now(),
  check ((disabled_at is null) = (disabled_reason is null))
);

create table recharges (
  recharge_id text primary key,
  account_id text not null references accounts,
  payment_id text not null unique references card_payments,
  amount_nano bigint not null check (amount_nano > 0),
  state text not null default 'pending' check (state in ('pending', 'paid', 'failed')),
  started_at timestamptz not null,
  ended_at timestamptz,
  check ((state = 'pending') = (ended_at is null))
);
create index recharges_account on recharges (account_id, started_at);
-- One at a time, whoever begins them.
create unique index recharges_one_pending on recharges (account_id) where state = 'pending';

-- Turns recharging on, or changes it: with a ceiling for a month, which counts from what was recharged in this one.
create function set_recharge(
  p_account text, p_user text, p_card text, p_threshold bigint, p_target bigint, p_cooldown integer, p_ceiling bigint
) returns void language plpgsql as $$
declare
  moment timestamptz := lock_accounts(array[p_account]);
begin
  insert into recharge_settings (account_id, card_id, threshold_nano, target_nano, cooldown_seconds, user_id)
  values (p_account, p_card, p_threshold, p_target, p_cooldown, p_user)
  on conflict (account_id) do update set card_id = p_card, threshold_nano = p_threshold, target_nano = p_target,
    cooldown_seconds = p_cooldown, user_id = p_user, disabled_at = null, disabled_reason = null, updated_at = now();
  insert into limits (account_id, scope, subject_id, period, amount_nano, period_start, used_nano, held_nano)
  select p_account, 'recharge', p_account, 'month', p_ceiling, start_of_period('month', moment), t.used, t.held
  from recharge_truth(p_account, start_of_period('month', moment)) t
  on conflict (account_id, scope, subject_id, period) do update set amount_nano = p_ceiling;
end $$;

-- What an account has recharged since a moment, and what is under way.
create function recharge_truth(p_account text, p_from timestamptz, out used bigint, out held bigint) language sql stable as $$
  select coalesce(sum(amount_nano) filter (where state = 'paid' and ended_at >= p_from), 0)::bigint,
    coalesce(sum(amount_nano) filter (where state = 'pending'), 0)::bigint
  from recharges where account_id = p_account
$$;

-- Begins a recharge, if one is due: below the threshold, none under way, none in the cooldown, within the ceiling. Returns
-- the cents to charge, or null. The account is locked, so two workers begin one. What running requests hold is not spent
-- yet, and does not count as spent.
create function begin_recharge(
  p_recharge text, p_payment text, p_account text, p_least_cents bigint, p_most_cents bigint
) returns bigint language plpgsql as $$
declare
  moment timestamptz := lock_accounts(array[p_account]);
  setting recharge_settings;
  ceiling limits;
  has bigint;
  cents bigint;
begin
  select * into setting from recharge_settings where account_id = p_account and disabled_at is null;
  if not found or card_is_blocked(p_account) then return null; end if;
  select chain_nano - debt_nano - unsettled_nano + funded_nano into has from balances where account_id = p_account;
  if has >= setting.threshold_nano then return null; end if;
  if exists (
    select from recharges where account_id = p_account
      and (state = 'pending' or started_at > moment - make_interval(secs => setting.cooldown_seconds))
  ) then
    return null;
  end if;
  select * into ceiling from limits
    where account_id = p_account and scope = 'recharge' and subject_id = p_account and period = 'month';
  if not found then return null; end if;
  cents := least((setting.target_nano - has + 9999999) / 10000000, p_most_cents,
    (ceiling.amount_nano - ceiling.used_nano - ceiling.held_nano) / 10000000);
  if cents < p_least_cents then return null; end if;
  insert into card_payments (payment_id, account_id, purpose, asked_cents, method_id)
  select p_payment, p_account, 'recharge', cents, method_id from saved_cards
  where card_id = setting.card_id and account_id = p_account and removed_at is null;
  if not found then return null; end if;
  insert into recharges (recharge_id, account_id, payment_id, amount_nano, started_at)
  values (p_recharge, p_account, p_payment, cents * 10000000, moment);
  update limits set held_nano = held_nano + cents * 10000000 where limit_id = ceiling.limit_id;
  return cents;
end $$;

-- Ends a recharge as its payment has ended; one that has failed turns recharging off until somebody turns it on again.
-- Returns whether it ended now.
create function end_recharge(p_recharge text, p_is_paid boolean, p_reason text) returns boolean language plpgsql as $$
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
  if not p_is_paid then
    update recharge_settings set disabled_at = moment, disabled_reason = p_reason, updated_at = now()
      where account_id = recharge.account_id and disabled_at is null;
  end if;
  return true;
end $$;
