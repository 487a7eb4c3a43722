-- Credit that users give each other: what is to be signed for it, what is set aside for it, and what became of it.

-- Why an account may neither give nor get credit; null: it may.
alter table accounts add column frozen_reason text check (length(frozen_reason) between 1 and 500);

create table moves (
  move_id text primary key,
  account_id text not null references accounts, -- who gives
  user_id text not null references users,
  idempotency_key text not null check (length(idempotency_key) between 1 and 255),
  body_hash bytea not null check (length(body_hash) = 32),
  -- whom the sender named, in his words, and whose account that is
  named_as text not null check (named_as in ('wallet', 'account', 'team')),
  named text not null,
  recipient_id text references accounts,
  -- the recipient had no account in the contract: opening it is paid for by the platform
  opens boolean not null default false,
  amount_micro bigint not null check (amount_micro between 1 and 1000000000000000),
  note text not null default '' check (length(note) <= 280),
  state text not null default 'awaiting_signature'
    check (state in ('awaiting_signature', 'pending', 'completed', 'expired', 'failed')),
  reason text,
  -- what the owner signs, as long as nothing else uses up the nonce; `memo` tells its event from all others
  from_number bigint,
  to_number bigint,
  nonce bigint check (nonce >= 0),
  deadline bigint,
  memo text not null unique check (memo ~ '^0x[0-9a-f]{64}$'),
  -- the custodian owns the account in the contract: he signs when it is cleared, and `signature` stays null
  is_custodial boolean not null default false,
  signature text,
  -- when it was set aside, and counted against what the account may share in a day; null once that was given back
  counted_at timestamptz,
  -- the newest block when the clearer signed: before it there is no event
  cleared_block bigint,
  transaction_id text references transactions,
  moved_event_id text unique references chain_events,
  created_at timestamptz not null default now(),
  submitted_at timestamptz,
  updated_at timestamptz not null default now(),
  unique (account_id, idempotency_key),
  check ((from_number is null) = (nonce is null) and (nonce is null) = (deadline is null)),
  check (state in ('awaiting_signature', 'expired', 'failed') or submitted_at is not null),
  check (state <> 'failed' or moved_event_id is null),
  check ((transaction_id is null) = (cleared_block is null))
);
create index moves_account on moves (account_id, move_id);
create index moves_recipient on moves (recipient_id, move_id);
create index moves_created on moves (account_id, created_at);
-- What the worker has to bring on its way, or to the end.
create index moves_open on moves (account_id, nonce) where state = 'pending' and moved_event_id is null;
create index moves_unsigned on moves (created_at) where state = 'awaiting_signature';

-- Steps that a move may take. Back only where the chain takes something back.
create function check_move_step() returns trigger language plpgsql as $$
begin
  if (new.move_id, new.account_id, new.amount_micro, new.memo, new.named_as, new.named)
    <> (old.move_id, old.account_id, old.amount_micro, old.memo, old.named_as, old.named) then
    raise exception 'what a move is does not change' using errcode = 'check_violation';
  end if;
  if old.nonce is not null and old.state <> 'awaiting_signature' and (new.from_number, new.to_number, new.nonce, new.deadline, new.recipient_id)
    is distinct from (old.from_number, old.to_number, old.nonce, old.deadline, old.recipient_id) then
    raise exception 'what was signed does not change' using errcode = 'check_violation';
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('awaiting_signature', 'pending'), ('awaiting_signature', 'expired'), ('awaiting_signature', 'failed'),
    ('pending', 'completed'), ('pending', 'expired'), ('pending', 'failed'),
    ('completed', 'pending'),                         -- reorganised away
    ('expired', 'completed'), ('failed', 'completed') -- the chain is right, whatever we had thought
  ) then
    raise exception 'a move can not go from % to %', old.state, new.state using errcode = 'check_violation';
  end if;
  new.updated_at := now();
  return new;
end $$;
create trigger moves_step before update on moves for each row execute function check_move_step();

-- What an account can give away: account-paid credit that nothing is metered or held against, and nothing of it while it
-- is in debt. What the platform has funded never counts.
create function shareable_nano(b balances) returns bigint language sql immutable as $$
  select case when b.debt_nano > 0 then 0 else greatest(0, b.chain_nano - b.unsettled_nano - b.held_nano) end
$$;

create type clearance_result as (
  outcome text, -- held | known (it was submitted before) | outdated | frozen | debt | balance | cap
  shareable_nano bigint, funded_nano bigint, cap_left_nano bigint
);

-- Sets aside what a signed move takes: a hold like those of requests, made under the same lock and checked against the
-- same balance in a new snapshot, so that nothing is spent twice. It belongs to no process and to no job, and ends with
-- the move alone: its time never comes. `p_nonce` and `p_deadline` are what was signed; no signature: the custodian's is
-- to come.
create function place_clearance(p_move text, p_nonce bigint, p_deadline bigint, p_signature text, p_cap bigint)
returns clearance_result language plpgsql as $$
declare
  moment timestamptz;
  m moves;
  b balances;
  cap limits;
  result clearance_result;
begin
  select * into strict m from moves where move_id = p_move;
  moment := lock_accounts(array[m.account_id]);
  select * into m from moves where move_id = p_move for update;
  if m.state <> 'awaiting_signature' then
    result.outcome := 'known';
    return result;
  end if;
  insert into limits (account_id, scope, subject_id, period, amount_nano, period_start)
    values (m.account_id, 'sharing', m.account_id, 'day', p_cap, start_of_period('day', moment))
    on conflict (account_id, scope, subject_id, period) do update set amount_nano = excluded.amount_nano
    returning * into cap;
  select * into b from balances where account_id = m.account_id;
  result := (null, shareable_nano(b), b.funded_nano, cap.amount_nano - cap.used_nano);
  result.outcome := case
    when (m.nonce, m.deadline) is distinct from (p_nonce, p_deadline) then 'outdated'
    when exists (select from moves where account_id = m.account_id and nonce = p_nonce and state = 'pending'
      and moved_event_id is null) then 'outdated'
    when exists (select from accounts where account_id = m.account_id and frozen_reason is not null) then 'frozen'
    when b.debt_nano > 0 then 'debt'
    when result.shareable_nano < m.amount_micro * 1000 then 'balance'
    when result.cap_left_nano < m.amount_micro * 1000 then 'cap'
    else 'held'
  end;
  if result.outcome <> 'held' then return result; end if;
  insert into holds (account_id, request_id, instance_id, paid_nano, funded_nano, expires_at)
    values (m.account_id, p_move, null, m.amount_micro * 1000, 0, 'infinity');
  update balances set held_nano = held_nano + m.amount_micro * 1000 where account_id = m.account_id;
  update limits set used_nano = used_nano + m.amount_micro * 1000 where limit_id = cap.limit_id;
  update moves set state = 'pending', signature = p_signature, is_custodial = p_signature is null, counted_at = moment, submitted_at = now()
    where move_id = p_move;
  return result;
end $$;

-- Ends the hold of a move. Its account's balance is locked by the caller.
create function drop_clearance(p_account text, p_move text) returns void language sql as $$
  with ended as (
    delete from holds where account_id = p_account and request_id = p_move and expires_at = 'infinity' returning paid_nano
  )
  update balances b set held_nano = b.held_nano - e.paid_nano from ended e where b.account_id = p_account
$$;

-- Ends a move that will not come: what it held is spendable again, and not counted as shared.
-- @return false if it has ended already, or its event is booked
create function end_move(p_move text, p_state text, p_reason text) returns boolean language plpgsql as $$
declare
  m moves;
begin
  select * into strict m from moves where move_id = p_move;
  perform lock_accounts(array[m.account_id]);
  select * into m from moves where move_id = p_move for update;
  if m.state not in ('awaiting_signature', 'pending') or m.moved_event_id is not null then return false; end if;
  perform drop_clearance(m.account_id, p_move);
  update limits set used_nano = used_nano - m.amount_micro * 1000
    where account_id = m.account_id and scope = 'sharing' and period_start <= m.counted_at;
  update moves set state = p_state, reason = p_reason, counted_at = null where move_id = p_move;
  return true;
end $$;
