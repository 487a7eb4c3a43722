-- A link by which anybody puts USDC into somebody's account: it shows his deposit address. It can be ended.
create table top_up_links (
  link_id text primary key,
  account_id text not null references accounts,
  user_id text not null references users, -- who made it; he is named to whoever has it
  message text not null default '' check (length(message) <= 280),
  created_at timestamptz not null default now(),
  ended_at timestamptz
);
create index top_up_links_account on top_up_links (account_id, link_id);
