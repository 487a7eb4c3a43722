-- What a payer has signed for one request (x402), written down before anything is sent. Whether it was paid is not here:
-- that is told by the deposit of the same payer whose memo is the nonce.
create table payments (
  payer text not null check (payer ~ '^0x[0-9a-f]{40}$'),
  nonce text not null check (nonce ~ '^0x[0-9a-f]{64}$'),
  amount_micro bigint not null check (amount_micro >= 1000000),
  -- of the request that it pays for: it pays for no other
  request_hash bytea not null check (length(request_hash) = 32),
  -- the payer's own name for it, see the extension payment-identifier
  payment_id text check (payment_id ~ '^[A-Za-z0-9_-]{16,128}$'),
  transaction_id text not null references transactions,
  -- who answers the request, or has: one at a time
  request_id text,
  instance_id text,
  answered_at timestamptz,
  -- what was answered, under a key that only whoever has the request can make; forgotten after an hour
  answer bytea,
  created_at timestamptz not null default now(),
  primary key (payer, nonce),
  unique (payer, payment_id),
  check (answered_at is null or request_id is not null),
  check (answer is null or answered_at is not null)
);
create index payments_answers on payments (answered_at) where answer is not null;
create index deposits_payer on deposits (payer, memo) where rail = 'payer';
