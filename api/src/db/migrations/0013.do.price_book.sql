-- The price book. What an operator sets stands with node and offer; what is charged is a concrete set of prices that
-- follows from it, and each set that was ever in force is a row of `prices`, named by its hash, that never changes.

alter table prices
  add column kind text not null default 'model' check (kind in ('model', 'resource')),
  add column unit text not null default '' check (unit ~ '^([a-z][a-z0-9-]{0,31})?$'),
  add column unit_nano bigint not null default 0 check (unit_nano >= 0),
  add check (case kind
    when 'model' then unit = '' and unit_nano = 0
    else unit <> '' and (prompt_nano, cached_nano, completion_nano, reasoning_nano) = (0, 0, 0, 0)
  end),
  add unique (node_id, kind, model, prompt_nano, cached_nano, completion_nano, reasoning_nano, unit, unit_nano);

create function prices_never_change() returns trigger language plpgsql as $$
begin
  raise exception 'prices never change: another price is another version' using errcode = 'restrict_violation';
end $$;
create trigger prices_never_change before update or delete or truncate on prices
  for each statement execute function prices_never_change();

-- What the platform's default prices are multiplied with, by hardware.
create table hardware (
  hardware text primary key check (hardware ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  percent integer not null check (percent between 10 and 500)
);
insert into hardware (hardware, percent) values
  ('cpu', 50), ('apple-silicon', 80), ('rtx-3090', 80), ('rtx-4090', 90), ('rtx-5090', 100), ('l4', 90), ('l40s', 100),
  ('a100', 100), ('h100', 115), ('h200', 125), ('b200', 140), ('gh200', 125), ('mi300x', 115), ('tpu', 100);

-- `schedule`: percent of the price in each hour of a week, UTC, Monday's first hour first; null is 100 throughout.
-- `demand_percent`: what the price may rise to when the node is busy, in steps of 5; 100 is never.
-- `capacity`: requests that the node serves at once, as its operator says.
alter table nodes
  add column hardware text references hardware,
  add column schedule smallint[] check (cardinality(schedule) = 168 and 10 <= all (schedule) and 500 >= all (schedule)),
  add column capacity integer check (capacity between 1 and 100000),
  add column demand_percent integer not null default 100 check (demand_percent between 100 and 200 and demand_percent % 5 = 0),
  add check (demand_percent = 100 or capacity is not null);

-- Volume prices: from what an account has used of an operator's nodes in a month (UTC), in nano-dollars, how many percent
-- of the price it pays. Part of the rules, as hours and demand are: each set that follows from them is a version.
alter table nodes
  add column volume_nano bigint[] not null default '{}' check (cardinality(volume_nano) <= 10 and 0 < all (volume_nano)),
  add column volume_percent smallint[] not null default '{}'
    check (10 <= all (volume_percent) and 100 > all (volume_percent)),
  add check (cardinality(volume_nano) = cardinality(volume_percent));

-- An offer: a model or a resource (then `model` is its id) of a node. Prices that its operator did not set are null: a
-- model then has the default price of its size.
alter table node_models
  add column kind text not null default 'model' check (kind in ('model', 'resource')),
  add column parameters_millions integer check (parameters_millions > 0),
  add column supported_parameters text[],
  add column prompt_nano bigint check (prompt_nano >= 0),
  add column cached_nano bigint check (cached_nano >= 0),
  add column completion_nano bigint check (completion_nano >= 0),
  add column reasoning_nano bigint check (reasoning_nano >= 0),
  add column unit text not null default '' check (unit ~ '^([a-z][a-z0-9-]{0,31})?$'),
  add column unit_nano bigint check (unit_nano >= 0),
  alter column context_tokens drop not null,
  alter column max_completion_tokens drop not null;
update node_models m set prompt_nano = p.prompt_nano, cached_nano = p.cached_nano, completion_nano = p.completion_nano,
  reasoning_nano = p.reasoning_nano
from prices p where p.price_version = m.price_version;
alter table node_models
  drop column price_version,
  add check (case kind
    when 'model' then unit = '' and unit_nano is null and context_tokens is not null and max_completion_tokens is not null
      and (prompt_nano is null) = (completion_nano is null) and (prompt_nano is not null or parameters_millions is not null)
      and (prompt_nano is not null or coalesce(cached_nano, reasoning_nano) is null)
    else unit <> '' and unit_nano is not null
      and coalesce(prompt_nano, cached_nano, completion_nano, reasoning_nano, parameters_millions) is null
  end);
