-- What a key has spent is read by key: an account may have a thousand of them.
create index usage_days_key on usage_days (account_id, key_id);

-- `truncate` that names a partition fires the partition's triggers alone. So each has its own; a month is given up by
-- dropping it.
create or replace function create_usage_month(month date) returns void language plpgsql as $$
declare
  first date := date_trunc('month', month);
  partition text := 'usage_' || to_char(first, 'YYYY_MM');
begin
  if to_regclass(partition) is not null then return; end if;
  execute format('create table if not exists %I partition of usage for values from (%L) to (%L)',
    partition, first::timestamp at time zone 'UTC', (first + interval '1 month')::timestamp at time zone 'UTC');
  perform keep_partition(partition);
end $$;

create function keep_partition(partition text) returns void language plpgsql as $$
begin
  execute format('create or replace trigger usage_stays before truncate on %I
    for each statement execute function usage_never_changes()', partition);
end $$;
select keep_partition(inhrelid::regclass::text) from pg_inherits where inhparent = 'usage'::regclass;
