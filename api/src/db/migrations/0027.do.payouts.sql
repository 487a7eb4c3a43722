-- A payout is asked for, or seen on the chain because its owner withdrew by himself or somebody pushed it. Its money is
-- booked from the event alone; the row says how far it has come, in the words that users of payout services know.
drop table payouts;
create table payouts (
  payout_id text primary key,
  account_id text not null references accounts,
  method text not null check (method in ('wallet', 'bank')),
  state text not null default 'pending'
    check (state in ('pending', 'processing', 'sent', 'completed', 'failed', 'canceled')),
  -- what was paid: known when the contract has paid it, because a push pays all that is available
  amount_micro bigint check (amount_micro > 0),
  recipient text,
  -- why it waits or has failed, for its owner
  reason text,
  -- the push that carries it
  transaction_id text references transactions,
  -- PaidOut, or PayoutSkipped for what failed by it
  event_id text unique references chain_events,
  -- put back on its way by a reorganisation: there may be a newer request by then
  reopened boolean not null default false,
  -- of the off-ramp
  transfer_id text unique,
  external_id text unique,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (state not in ('sent', 'completed') or amount_micro is not null),
  check (method = 'bank' or state not in ('sent', 'completed') or event_id is not null),
  check (method = 'wallet' or state not in ('sent', 'completed') or external_id is not null),
  check (method = 'bank' or (transfer_id is null and external_id is null)),
  check (state <> 'pending' or (transaction_id is null and event_id is null))
);
create index payouts_account on payouts (account_id, created_at);
create index payouts_transaction on payouts (transaction_id);
-- One request at a time: a push pays everything that is available, so a second one could only find nothing.
create unique index payouts_one_open on payouts (account_id) where state in ('pending', 'processing') and not reopened;

create index batches_settled_event on batches (settled_event_id);

-- Steps that a payout may take. Back only where the chain takes something back, or nothing was sent.
create function check_payout_step() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.state not in ('pending', 'sent') then
      raise exception 'a payout begins as pending, or as sent when it is seen on the chain' using errcode = 'check_violation';
    end if;
    return new;
  end if;
  if (new.payout_id, new.account_id, new.method) <> (old.payout_id, old.account_id, old.method) then
    raise exception 'what a payout is does not change' using errcode = 'check_violation';
  end if;
  if (old.state, new.state) in (('sent', 'processing'), ('failed', 'processing')) then
    new.reopened := true;
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('pending', 'processing'), ('pending', 'canceled'),
    ('processing', 'pending'),    -- its push was refused before it was sent
    ('processing', 'sent'), ('processing', 'failed'),
    ('sent', 'completed'), ('sent', 'failed'),
    ('sent', 'processing'),       -- reorganised away
    ('failed', 'processing')      -- what it had failed by was reorganised away
  ) then
    raise exception 'a payout can not go from % to %', old.state, new.state using errcode = 'check_violation';
  end if;
  if old.state = 'failed' and new.state = 'processing' and (old.event_id is null or new.event_id is not null) then
    raise exception 'a failed payout stays so unless its event was reversed' using errcode = 'check_violation';
  end if;
  if old.amount_micro is not null and new.amount_micro <> old.amount_micro then
    raise exception 'what was paid does not change' using errcode = 'check_violation';
  end if;
  new.updated_at := now();
  return new;
end $$;
create trigger payouts_step before insert or update on payouts for each row execute function check_payout_step();
