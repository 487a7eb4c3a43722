-- Teams: accounts that several people share, each with a role.

create table teams (
  account_id text primary key references accounts,
  name text not null check (length(name) between 1 and 64),
  created_by text not null references users,
  -- whom the owner has offered the team to; it is his once he accepts
  offered_to text references users,
  offered_at timestamptz,
  created_at timestamptz not null default now(),
  check ((offered_to is null) = (offered_at is null))
);
create index teams_creator on teams (created_by);

-- A team has one owner, always: it changes hands within one transaction, or not at all.
create unique index account_members_owner on account_members (account_id) where role = 'owner';
create function team_has_an_owner() returns trigger language plpgsql as $$
begin
  if exists (select from teams where account_id = old.account_id)
    and not exists (select from account_members where account_id = old.account_id and role = 'owner')
  then
    raise exception 'team % would have no owner', old.account_id using errcode = 'restrict_violation';
  end if;
  return null;
end $$;
create constraint trigger account_members_keep_owner after update or delete on account_members
  deferrable initially deferred for each row execute function team_has_an_owner();

-- Projects of a team. Keys name them; one that is archived takes no new keys.
create table team_projects (
  account_id text not null references teams,
  name text not null check (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  created_at timestamptz not null default now(),
  archived_at timestamptz,
  primary key (account_id, name)
);

-- A key belongs to an account and to somebody of its people. Its maker can't be removed while it is being made, or it would
-- outlive him. In a team it names a project that there is.
create function keys_have_a_maker() returns trigger language plpgsql as $$
begin
  perform from account_members where account_id = new.account_id and user_id = new.user_id for share;
  if not found then
    raise exception '% does not belong to %', new.user_id, new.account_id using errcode = 'restrict_violation';
  end if;
  if new.project is not null and exists (select from teams where account_id = new.account_id) then
    perform from team_projects where account_id = new.account_id and name = new.project and archived_at is null for share;
    if not found then
      raise exception '% has no project %', new.account_id, new.project using errcode = 'foreign_key_violation';
    end if;
  end if;
  return new;
end $$;
create trigger api_keys_maker before insert on api_keys for each row execute function keys_have_a_maker();
create index api_keys_maker on api_keys (account_id, user_id);
