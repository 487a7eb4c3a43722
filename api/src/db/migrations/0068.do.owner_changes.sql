-- Accounts that the custodian owns in the contract are handed over to a wallet of their user. How far that is follows from
-- the contract's events and the transaction: nothing here has to be taken back after a reorganisation.
create table owner_changes (
  change_id text primary key,
  account_id text not null references accounts,
  user_id text not null references users, -- who asked for it
  -- what the wallet signs, as long as nothing else uses up the nonce
  account_number bigint not null,
  wallet text not null check (wallet ~ '^0x[0-9a-f]{40}$'),
  nonce bigint not null check (nonce >= 0),
  deadline bigint not null,
  signature text check (signature ~ '^0x([0-9a-f]{2})+$'),
  -- signed, it waits so long for whoever would cancel it
  not_before timestamptz,
  cancelled_at timestamptz,
  -- why nothing comes of it, and what to do
  failure text,
  transaction_id text unique references transactions,
  created_at timestamptz not null default now(),
  check ((signature is null) = (not_before is null)),
  check (num_nonnulls(transaction_id, cancelled_at) <= 1),
  check (transaction_id is null or signature is not null)
);
create index owner_changes_account on owner_changes (account_id, change_id);
create unique index owner_changes_open on owner_changes (account_id) where cancelled_at is null and failure is null;

create function check_owner_change() returns trigger language plpgsql as $$
begin
  if (new.change_id, new.account_id, new.user_id, new.account_number, new.wallet, new.nonce, new.deadline)
    <> (old.change_id, old.account_id, old.user_id, old.account_number, old.wallet, old.nonce, old.deadline) then
    raise exception 'what an owner signs does not change' using errcode = 'check_violation';
  end if;
  if old.signature is not null and (new.signature, new.not_before) is distinct from (old.signature, old.not_before) then
    raise exception 'what was signed does not change' using errcode = 'check_violation';
  end if;
  if (old.cancelled_at is not null or old.failure is not null or old.transaction_id is not null)
    and (new.signature, new.cancelled_at, new.transaction_id, coalesce(old.failure, new.failure))
    is distinct from (old.signature, old.cancelled_at, old.transaction_id, new.failure) then
    raise exception 'a change of owner that is over or on its way does not change' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger owner_changes_step before update on owner_changes for each row execute function check_owner_change();
