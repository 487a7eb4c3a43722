-- A batch that the contract took and then undid. Its number stays used; one that we gave up leaves its number free.
alter table batches add voided_event_id text references chain_events;
do $$
declare
  name text;
begin
  for name in select conname from pg_constraint
    where conrelid = 'batches'::regclass and pg_get_constraintdef(oid) like '%settled_event_id IS NOT NULL%'
  loop
    execute format('alter table batches drop constraint %I', name);
  end loop;
end $$;
-- An undone batch keeps the event that had settled it: a reorganisation may take the undoing away.
alter table batches add check ((state in ('mined', 'final') or voided_event_id is not null) = (settled_event_id is not null));
alter table batches add check (voided_event_id is null or state = 'voided');

-- What an undone batch had claimed: its again if the undoing is reorganised away before it is final.
create table voided_captures (
  batch_id bigint not null references batches,
  account_id text not null,
  started_at timestamptz not null,
  request_id text not null,
  primary key (account_id, started_at, request_id, batch_id)
);
create index voided_captures_batch on voided_captures (batch_id);
