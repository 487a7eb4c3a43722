-- Who is asked to join a team, by e-mail address or by wallet. The token in the link is kept as a hash, and is only good for
-- finding the invitation: whoever accepts has to be signed in as the one who is meant.

create table team_invitations (
  invitation_id text primary key,
  account_id text not null references teams,
  role text not null check (role in ('admin', 'billing', 'member')),
  email text check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  wallet text check (wallet ~ '^0x[0-9a-f]{40}$'),
  token_hash bytea not null unique check (length(token_hash) = 32),
  invited_by text not null references users,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  state text not null default 'pending' check (state in ('pending', 'accepted', 'declined', 'revoked')),
  accepted_by text references users,
  ended_at timestamptz,
  check (num_nonnulls(email, wallet) = 1),
  check ((state = 'pending') = (ended_at is null)),
  check ((state = 'accepted') = (accepted_by is not null))
);
create unique index team_invitations_one on team_invitations (account_id, coalesce(lower(email), wallet)) where state = 'pending';
create index team_invitations_email on team_invitations (lower(email)) where state = 'pending';
create index team_invitations_wallet on team_invitations (wallet) where state = 'pending';

-- What ends with a membership: the keys that somebody made for the account, his sessions in it, what he was offered, and
-- whom he has invited: he might have invited himself by another address.
create function membership_ends() returns trigger language plpgsql as $$
begin
  update api_keys set revoked_at = now()
    where account_id = old.account_id and user_id = old.user_id and revoked_at is null;
  update sessions s set account_id = u.home_account_id from users u
    where s.user_id = old.user_id and s.account_id = old.account_id and u.user_id = s.user_id
      and u.home_account_id <> old.account_id;
  update teams set offered_to = null, offered_at = null where account_id = old.account_id and offered_to = old.user_id;
  update team_invitations set state = 'revoked', ended_at = now()
    where account_id = old.account_id and invited_by = old.user_id and state = 'pending';
  return null;
end $$;
create trigger account_members_end after delete on account_members for each row execute function membership_ends();

-- Whom somebody has invited while he was allowed to is not invited any more once he is not.
create function invitations_need_a_role() returns trigger language plpgsql as $$
begin
  if new.role not in ('owner', 'admin') then
    update team_invitations set state = 'revoked', ended_at = now()
      where account_id = new.account_id and invited_by = new.user_id and state = 'pending';
  end if;
  return null;
end $$;
create trigger account_members_demotion after update of role on account_members
  for each row execute function invitations_need_a_role();
