-- Whose a capture is, as rules of the database. A batch has the captures that it was composed of, for ever; one that is
-- given up hands them back to a batch that lives, if that has claimed them before.

-- A capture joins a batch while that is drafted, in the transaction that drafts it. By a setting and not by a look at
-- `batches`: a batch may have a million captures.
create function note_draft() returns trigger language plpgsql as $$
begin
  perform set_config('infr.draft', new.batch_id::text, true);
  return null;
end $$;
create trigger batches_draft after insert on batches for each row execute function note_draft();

-- Which live batch a capture is of, by what was noted when that was undone: then the undoing was reorganised away.
create function live_batch_of(p_account_id text, p_started_at timestamptz, p_request_id text) returns bigint
language sql stable as $$
  select v.batch_id from voided_captures v join batches b using (batch_id)
  where v.account_id = p_account_id and v.started_at = p_started_at and v.request_id = p_request_id
    and b.state in ('mined', 'final')
$$;

create function captures_join_drafts() returns trigger language plpgsql as $$
begin
  if new.batch_id = live_batch_of(new.account_id, new.started_at, new.request_id) then return new; end if;
  raise exception 'capture % comes too late for batch %', new.request_id, new.batch_id using errcode = 'restrict_violation';
end $$;
create trigger usage_joins_draft before update of batch_id on usage for each row
  when (new.batch_id is not null and new.batch_id is distinct from old.batch_id
    and new.batch_id::text is distinct from current_setting('infr.draft', true))
  execute function captures_join_drafts();
create trigger usage_begins_free before insert on usage for each row
  when (new.batch_id is not null) execute function captures_join_drafts();

-- As before, and what is let go is not free if a live batch wants it back: it would be settled twice.
create or replace function captures_are_claimed_once() returns trigger language plpgsql as $$
declare
  live bigint := live_batch_of(new.account_id, new.started_at, new.request_id);
begin
  if exists (select from batches where batch_id = old.batch_id and state <> 'voided') then
    raise exception 'capture % is in batch % already', old.request_id, old.batch_id using errcode = 'restrict_violation';
  end if;
  if new.batch_id is distinct from live then
    raise exception 'capture % is of batch %', new.request_id, live using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

-- The same for what was free when an undoing was reorganised away, and is claimed by a batch at the same moment.
create function batch_claims_what_is_free() returns trigger language plpgsql as $$
begin
  if not exists (select from voided_captures) then return null; end if;
  if exists (
    select from voided_captures v join batches b using (batch_id)
    join usage u on u.account_id = v.account_id and u.started_at = v.started_at and u.request_id = v.request_id
    where b.state in ('mined', 'final') and u.batch_id = new.batch_id
  ) then
    raise exception 'batch % claims captures of a live one', new.seq using errcode = 'restrict_violation';
  end if;
  return null;
end $$;
create constraint trigger batch_claims_what_is_free after insert on batches deferrable initially deferred
  for each row execute function batch_claims_what_is_free();

-- Gives up a batch that is in one of these states, and those that stand on it: their captures wait for the next one, or
-- are again those of a batch whose undoing was reorganised away. Whose captures are they: of a batch that is given up, of
-- one that was undone, or of one whose undoing was reorganised away? That is answered by one process at a time, under the
-- lock: two answers from the same moment would leave them to nobody.
create function give_up_batch(p_batch_id bigint, p_states text[]) returns void language plpgsql as $$
declare
  dead_seq bigint;
  dead bigint[];
begin
  lock table voided_captures in exclusive mode;
  update batches set state = 'voided' where batch_id = p_batch_id and state = any (p_states) returning seq into dead_seq;
  if not found then return; end if;
  with above as (
    update batches set state = 'voided'
    where seq > dead_seq and state in ('built', 'signed', 'submitted') returning batch_id
  )
  select array_append(array_agg(batch_id), p_batch_id) into dead from above;
  update usage set batch_id = live_batch_of(account_id, started_at, request_id) where batch_id = any (dead);
end $$;

-- A settlement is booked once: the event that had settled a batch is reversed before another one can.
create function settlement_is_booked_once() returns trigger language plpgsql as $$
begin
  raise exception 'batch % is settled by % already', old.seq, old.settled_event_id using errcode = 'restrict_violation';
end $$;
create trigger batches_settled_once before update of settled_event_id on batches for each row
  when (old.settled_event_id <> new.settled_event_id) execute function settlement_is_booked_once();
