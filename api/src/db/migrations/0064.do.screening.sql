-- Sanctions screening: what a provider said of wallets, and deposits that wait for its answer.

create table screenings (
  address text primary key check (address ~ '^0x[0-9a-f]{40}$'),
  provider text not null,
  is_listed boolean not null,
  -- of which list, in the provider's words
  detail text check (length(detail) between 1 and 500),
  checked_at timestamptz not null default now(),
  check (is_listed = (detail is not null))
);

alter table deposits
  -- null: nobody screens. All of it is pending until its payer is clear; held: he is on a list
  add column screening text check (screening in ('waiting', 'clear', 'held'));
create index deposits_unscreened on deposits (payer) where screening = 'waiting';
