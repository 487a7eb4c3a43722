-- An account can be paid to once its opening is safe, not when it is seen: that stands with the opening's event, and so does
-- how final a move is.
create trigger chain_events_tell_account_update after update on chain_events referencing new table as fresh
  for each statement execute function tell_changes('account',
    'select a.account_id from fresh join accounts a on a.opened_event_id = fresh.event_id');
create trigger chain_events_tell_moves_update after update on chain_events referencing new table as fresh
  for each statement execute function tell_changes('moves', '
    select m.account_id from fresh join accounts a on a.opened_event_id = fresh.event_id
      join moves m on m.recipient_id = a.account_id where m.state = ''awaiting_signature''
    union all
    select unnest(array[m.account_id, m.recipient_id]) from fresh join moves m on m.moved_event_id = fresh.event_id');
