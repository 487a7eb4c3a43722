-- What has changed, for whom: told to every server, which tells the pages that are open. Only that something changed is
-- said, never what: whoever may see it asks for it. Nothing on the way of a request tells anything from here, because
-- transactions that notify commit one after the other: servers tell of usage themselves, outside of its commit.

-- A notification holds 8,000 bytes; for more accounts than these it says that everybody's has changed.
create function tell_change(p_topic text, p_accounts text[]) returns void language plpgsql as $$
declare
  told text[] := array(select distinct a from unnest(p_accounts) a where a is not null);
begin
  if cardinality(told) > 2000 then
    perform pg_notify('infr_changes', p_topic || ' *');
    return;
  end if;
  if cardinality(told) = 0 then return; end if;
  for part in 0 .. (cardinality(told) - 1) / 100 loop
    perform pg_notify('infr_changes', p_topic || ' ' || array_to_string(told[part * 100 + 1 : part * 100 + 100], ' '));
  end loop;
end $$;

-- As a trigger: the topic, then a query on the rows written, `fresh`, whose one column has the accounts.
create function tell_changes() returns trigger language plpgsql as $$
declare
  accounts text[];
begin
  execute format('select array_agg(a) from (%s) s(a)', tg_argv[1]) into accounts;
  perform tell_change(tg_argv[0], accounts);
  return null;
end $$;

create function tell_of(p_table text, p_topic text, p_accounts text) returns void language plpgsql as $$
declare
  operation text;
begin
  foreach operation in array array['insert', 'update'] loop
    execute format(
      'create trigger %I after %s on %I referencing new table as fresh for each statement execute function tell_changes(%L, %L)',
      p_table || '_tell_' || p_topic || '_' || operation, operation, p_table, p_topic, p_accounts);
  end loop;
end $$;

select tell_of('accounts', 'account', 'select account_id from fresh');
-- Who waits for a recipient's account to be opened can sign then.
select tell_of('accounts', 'moves',
  'select m.account_id from fresh join moves m on m.recipient_id = fresh.account_id where m.state = ''awaiting_signature''');
select tell_of('deposits', 'deposits', 'select account_id from fresh');
select tell_of('plain_transfers', 'deposits', 'select account_id from fresh');
select tell_of('onramp_orders', 'deposits', 'select account_id from fresh');
select tell_of('card_payments', 'deposits', 'select account_id from fresh');
select tell_of('recharge_settings', 'deposits', 'select account_id from fresh');
select tell_of('recharges', 'deposits', 'select account_id from fresh');
select tell_of('lots', 'lots', 'select account_id from fresh');
select tell_of('transactions', 'transactions', 'select account_id from fresh');
select tell_of('moves', 'moves', 'select unnest(array[account_id, recipient_id, redeemer_id]) from fresh');
select tell_of('money_requests', 'moves', 'select account_id from fresh');
select tell_of('standing_orders', 'moves', 'select account_id from fresh');
select tell_of('payouts', 'payouts', 'select account_id from fresh');
select tell_of('batches', 'batches',
  'select account_id from fresh join batch_accounts using (batch_id) union select account_id from fresh join batch_earners using (batch_id)');
select tell_of('webhook_endpoints', 'webhooks', 'select account_id from fresh');
select tell_of('webhook_deliveries', 'webhooks', 'select account_id from fresh join webhook_endpoints using (endpoint_id)');
select tell_of('reconciliations', 'reserves', 'select ''*'' from fresh');

-- How final a deposit is stands with its event; so does that it was reorganised away.
create trigger chain_events_tell_deposits_update after update on chain_events referencing new table as fresh
  for each statement execute function tell_changes('deposits', 'select d.account_id from fresh join deposits d using (event_id)');

-- What is for sale at which price is everybody's to know. Not how a node is doing: that changes all the time.
create function tell_of_models() returns trigger language plpgsql as $$
begin
  perform tell_change('models', array['*']);
  return null;
end $$;
create trigger node_models_tell_models after insert or update or delete on node_models
  for each row execute function tell_of_models();
create trigger nodes_tell_models
  after update of enabled, name, hardware, schedule, capacity, demand_percent, volume_nano, volume_percent on nodes
  for each row when (old.* is distinct from new.*) execute function tell_of_models();
