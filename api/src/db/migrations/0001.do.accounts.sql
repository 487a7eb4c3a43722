-- Who there is: users with wallets, accounts they belong to, and how they prove it is them.

create table users (
  user_id text primary key,
  created_at timestamptz not null default now()
);

create table wallets (
  address text primary key check (address ~ '^0x[0-9a-f]{40}$'),
  user_id text not null references users,
  created_at timestamptz not null default now()
);

-- `ref` = keccak256(owner, salt) is known from sign-in; `chain_account` appears with the event that opens the account.
-- `salt` is unknown where somebody else opened the account in the contract before its owner ever signed in.
create table accounts (
  account_id text primary key,
  kind text not null check (kind in ('personal', 'team', 'platform')),
  owner text check (owner ~ '^0x[0-9a-f]{40}$'),
  salt text check (salt ~ '^0x[0-9a-f]{64}$'),
  ref text unique check (ref ~ '^0x[0-9a-f]{64}$'),
  chain_account bigint unique check (chain_account between 1 and 4294967295),
  opened_event_id text unique,
  created_at timestamptz not null default now(),
  check (kind = 'platform' or (owner is not null and ref is not null)),
  check ((kind = 'platform') = (account_id = 'acct_platform')),
  check (chain_account is null or (chain_account = 1) = (kind = 'platform')),
  check ((chain_account is null) = (opened_event_id is null))
);

create table account_members (
  account_id text not null references accounts,
  user_id text not null references users,
  role text not null check (role in ('owner', 'admin', 'billing', 'member')),
  created_at timestamptz not null default now(),
  primary key (account_id, user_id)
);
create index account_members_user on account_members (user_id);

-- Sign-in nonces are single use: deleted by the first verification, whatever its outcome.
create table sign_in_nonces (
  nonce text primary key,
  expires_at timestamptz not null
);

create table sessions (
  token_hash bytea primary key check (length(token_hash) = 32),
  user_id text not null references users,
  account_id text not null references accounts,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

-- Keys are random 256-bit strings, so a plain hash is enough; the key itself is shown once and never stored.
create table api_keys (
  key_id text primary key,
  account_id text not null references accounts,
  user_id text not null references users,
  name text not null check (length(name) between 1 and 64),
  prefix text not null,
  key_hash bytea not null unique check (length(key_hash) = 32),
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_account on api_keys (account_id, created_at);
