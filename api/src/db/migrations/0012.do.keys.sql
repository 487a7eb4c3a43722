-- What an API key may do, and until when.

alter table api_keys
  -- A management key administers keys and limits and reads usage; it can't spend.
  add column kind text not null default 'inference' check (kind in ('inference', 'management')),
  add column disabled boolean not null default false,
  add column expires_at timestamptz,
  add column models text[] check (cardinality(models) between 1 and 100),
  add column requests_per_minute integer check (requests_per_minute between 1 and 1000000),
  add check (kind = 'inference' or (models is null and project is null and requests_per_minute is null));

-- The usage log is read by key, and limits of projects by the project of the key: these never change. Revoked is for good.
create function keys_stay_what_they_are() returns trigger language plpgsql as $$
begin
  if (new.key_id, new.account_id, new.user_id, new.kind) <> (old.key_id, old.account_id, old.user_id, old.kind)
    or new.project is distinct from old.project
    or (old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at)
  then
    raise exception 'a key stays what it is: create another one' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger api_keys_stay before update of key_id, account_id, user_id, kind, project, revoked_at on api_keys
  for each row execute function keys_stay_what_they_are();

-- Secrets that rotation replaced: valid until their grace ends, kept a while to say what became of them.
create table retired_secrets (
  secret_hash bytea primary key check (length(secret_hash) = 32),
  key_id text not null references api_keys,
  retired_at timestamptz not null default now(),
  ends_at timestamptz not null,
  check (ends_at <= retired_at + interval '7 days')
);
create index retired_secrets_key on retired_secrets (key_id);
