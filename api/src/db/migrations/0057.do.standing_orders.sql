-- "$10 to X every week". Each run is a transfer under a key made of the order and the run's number, so there is one
-- however many workers see that it is due; what was missed is not made up for.
create table standing_orders (
  order_id text primary key,
  account_id text not null references accounts, -- who gives
  user_id text not null references users,
  named_as text not null check (named_as in ('wallet', 'account', 'team', 'email')),
  named text not null,
  amount_micro bigint not null check (amount_micro between 1 and 1000000000000000),
  note text not null default '' check (length(note) <= 280),
  every text not null check (every in ('day', 'week', 'month')),
  -- runs fall on starts_at and whole periods after it (UTC)
  starts_at timestamptz not null,
  ends_at timestamptz,
  state text not null default 'active' check (state in ('active', 'paused', 'ended')),
  runs integer not null default 0 check (runs >= 0),
  next_at timestamptz not null,
  last_move text references moves,
  -- why the last run did not come about; its owner was told
  failure text,
  created_at timestamptz not null default now()
);
create index standing_orders_account on standing_orders (account_id, order_id);
create index standing_orders_due on standing_orders (next_at) where state = 'active';

-- The first time after a moment on which an order falls: whole periods from its start, so the 31st stays the 31st where there is one.
create function next_run(p_starts timestamptz, p_every text, p_after timestamptz) returns timestamptz
language plpgsql immutable as $$
declare
  n integer := 0;
  starts timestamp := p_starts at time zone 'UTC';
  falls timestamptz := p_starts;
begin
  if p_after >= p_starts then
    n := case p_every
      when 'day' then floor(extract(epoch from p_after - p_starts) / 86400)
      when 'week' then floor(extract(epoch from p_after - p_starts) / 604800)
      else extract(year from age(p_after at time zone 'UTC', starts)) * 12 + extract(month from age(p_after at time zone 'UTC', starts))
    end;
  end if;
  while falls <= p_after loop
    n := n + 1;
    falls := (starts + case p_every
      when 'day' then make_interval(days => n) when 'week' then make_interval(weeks => n) else make_interval(months => n)
    end) at time zone 'UTC';
  end loop;
  return falls;
end $$;

-- A run that is over is not run again, and an order that has ended stays so.
create function check_standing_order() returns trigger language plpgsql as $$
begin
  if old.state = 'ended' or new.runs < old.runs or new.runs > old.runs + 1
    or (new.account_id, new.named_as, new.named, new.amount_micro, new.every, new.starts_at)
      <> (old.account_id, old.named_as, old.named, old.amount_micro, old.every, old.starts_at)
    or (new.runs > old.runs and new.next_at <= old.next_at) then
    raise exception 'a standing order goes on by one run, and is not changed' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger standing_orders_step before update on standing_orders for each row execute function check_standing_order();
