-- Who people are beside their wallets, how they prove it is them, and what they are told by e-mail.

-- The account that signing in leads to, by whichever wallet or e-mail. Null until the first sign-in.
alter table users add column home_account_id text references accounts;
update users u set home_account_id = (
  select account_id from account_members m join accounts a using (account_id)
  where m.user_id = u.user_id and m.role = 'owner' and a.kind = 'personal'
  order by m.created_at, account_id limit 1);

create index accounts_owner on accounts (owner);
create index wallets_user on wallets (user_id, created_at);
create index sessions_user on sessions (user_id);

-- An address is here when its owner has proved that he reads it. The local part is kept as he wrote it, but no two rows
-- differ only in case: most hosts deliver both to one mailbox.
create table emails (
  email_id text primary key,
  user_id text not null references users,
  address text not null check (length(address) <= 254 and address ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  verified_at timestamptz not null default now()
);
create unique index emails_address on emails (lower(address));
create index emails_user on emails (user_id, verified_at);

-- A code counts only together with the challenge that whoever asked for it was given: knowing an e-mail address is not
-- enough to guess its codes, or to use up their attempts. Neither of the two is stored, only hashes.
create table email_codes (
  challenge_hash bytea primary key check (length(challenge_hash) = 32),
  address text not null,
  -- who is linking it; null for a sign-in
  user_id text references users,
  code_hash bytea not null check (length(code_hash) = 32),
  attempts smallint not null default 0 check (attempts between 0 and 5),
  used_at timestamptz,
  expires_at timestamptz not null
);
create index email_codes_expiry on email_codes (expires_at);

-- How often something was tried, in windows: limits that hold across processes.
create table attempt_counts (
  what text not null,
  subject text not null,
  ends_at timestamptz not null,
  n integer not null check (n > 0),
  primary key (what, subject, ends_at)
);
create index attempt_counts_end on attempt_counts (ends_at);

-- What is to be sent by e-mail: a row in the transaction of its cause, sent by the worker. Once it is over its content is
-- gone: codes and links are worth money.
create table mails (
  mail_id text primary key,
  cause text not null check (length(cause) between 1 and 300),
  address text not null check (address ~ '^[^@[:space:],;<>"]+@[^@[:space:],;<>"]+$'),
  template text not null,
  data jsonb not null,
  state text not null default 'queued' check (state in ('queued', 'sent', 'failed', 'expired', 'unwanted')),
  attempts integer not null default 0 check (attempts >= 0),
  next_attempt_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- whoever has the mail may say that he wants no more of its kind
  unsubscribe_token text not null unique,
  error text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  check ((state = 'queued') = (ended_at is null)),
  check (state = 'queued' or data = '{}')
);
create unique index mails_cause on mails (cause, lower(address));
create index mails_due on mails (next_attempt_at) where state = 'queued';
create index mails_end on mails (ended_at) where state <> 'queued';

-- Kinds of mail that nobody wants at an address, which need not be a user's.
create table unwanted_mails (
  address text not null check (address = lower(address)),
  kind text not null,
  created_at timestamptz not null default now(),
  primary key (address, kind)
);
