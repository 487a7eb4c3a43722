-- The contract's day limit, as a limit of holds. Its row says what the contract had let through at `period_start`: a
-- bucket that `amount_nano` a day drains, without windows. What is metered and not settled, and what is held, comes on top
-- of it from `balances`, so that everything which is admitted could be settled now. `held_nano` is not used.
alter table limits add check (scope <> 'chain_day' or (period = 'day' and subject_id = account_id and held_nano = 0));

-- Notes what the contract says. `p_known` is the row's `period_start` before the contract was asked: when it is another one
-- by now, a settlement was booked meanwhile, the answer may be older than that, and the next one has to do.
create function set_chain_day(p_account text, p_amount bigint, p_used bigint, p_known timestamptz) returns void language plpgsql as $$
begin
  perform from balances where account_id = p_account for update;
  insert into limits as l (account_id, scope, subject_id, period, amount_nano, used_nano, period_start)
    values (p_account, 'chain_day', p_account, 'day', p_amount, p_used, clock_timestamp())
  on conflict (account_id, scope, subject_id, period) do update
    set amount_nano = excluded.amount_nano, used_nano = excluded.used_nano, period_start = excluded.period_start
    where l.period_start = p_known;
end $$;

-- A settled line fills the bucket, in the transaction that takes it off the unsettled usage. A line that is taken back
-- (below zero) empties it again.
create function fill_chain_day(p_account text, p_line bigint) returns void language sql as $$
  update limits l set used_nano = greatest(0, chain_day_used(l) + p_line), period_start = clock_timestamp()
    where account_id = p_account and scope = 'chain_day'
$$;
