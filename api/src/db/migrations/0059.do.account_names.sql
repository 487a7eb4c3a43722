-- Names that credit can be sent to, `alice@host`. One at a time for each account; one that was given up stays its account's:
-- what is sent to an old name never reaches a stranger.
create function look_of_name(name text) returns text language sql immutable as $$
  select replace(replace(translate(replace(name, '-', ''), '0158i', 'olsbl'), 'rn', 'm'), 'vv', 'w')
$$;

create table account_names (
  name text primary key check (name ~ '^[a-z0-9](-?[a-z0-9]){2,31}$'),
  -- What it looks like at a glance: another account can't have one that looks the same.
  looks_like text not null generated always as (look_of_name(name)) stored,
  account_id text not null references accounts,
  user_id text not null references users, -- who chose it
  created_at timestamptz not null default now(),
  given_up_at timestamptz
);
create unique index account_names_current on account_names (account_id) where given_up_at is null;
create index account_names_looks_like on account_names (looks_like);
create index account_names_account on account_names (account_id);

create function check_account_name() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if (new.name, new.account_id) <> (old.name, old.account_id) then
      raise exception 'a name does not change, nor whose it is' using errcode = 'IF001';
    end if;
    return new;
  end if;
  -- Names are few and stay taken. First the account, then the look: always in this order, or two would wait for each other.
  perform from accounts where account_id = new.account_id for no key update;
  if (select count(*) from account_names where account_id = new.account_id and name <> new.name) >= 5 then
    raise exception 'an account has five names in its life' using errcode = 'IF001';
  end if;
  -- Two that look the same at once would not see each other.
  perform pg_advisory_xact_lock(hashtextextended('account_names:' || look_of_name(new.name), 0));
  if exists (
    select from account_names where looks_like = look_of_name(new.name) and account_id <> new.account_id
  ) then
    raise exception 'this name, or one that looks like it, is taken' using errcode = 'unique_violation';
  end if;
  return new;
end $$;
create trigger account_names_check before insert or update on account_names for each row
  execute function check_account_name();

create function keep_account_name() returns trigger language plpgsql as $$
begin
  raise exception 'a name stays its account''s' using errcode = 'IF001';
end $$;
create trigger account_names_keep before delete on account_names for each row execute function keep_account_name();

alter table moves
  drop constraint moves_named_as_check,
  add constraint moves_named_as_check
    check (named_as in ('wallet', 'account', 'team', 'email', 'request', 'name', 'phone'));
