-- Cards: dollars that a processor takes for us, and the credit that they buy. What the processor says of a payment is its
-- whole state; everything here follows from it, so the order in which its events come makes no difference.

-- Dollars that came in by card and have not gone back: at the processor, or paid out by it.
alter type book add value 'card';
-- What they were paid for.
alter type book add value 'card_sales';
-- Credit that was spent before its payment was taken back: the platform's loss.
alter type book add value 'card_losses';

-- Every event, once. It is not believed: it says what to ask for.
create table payment_events (
  provider text not null,
  event_id text not null check (length(event_id) between 1 and 255),
  kind text not null,
  -- what it is about, and which: payment, session, invoice, …
  about text not null,
  subject_id text,
  received_at timestamptz not null default now(),
  handled_at timestamptz,
  primary key (provider, event_id)
);
create index payment_events_open on payment_events (received_at) where handled_at is null;

-- Whom the processor knows an account as.
create table card_customers (
  account_id text primary key references accounts,
  customer_id text not null unique,
  created_at timestamptz not null default now()
);

-- Cards that their owners had saved. The number is the processor's alone.
create table saved_cards (
  card_id text primary key,
  account_id text not null references accounts,
  method_id text not null unique,
  brand text not null,
  last4 text not null check (last4 ~ '^[0-9]{4}$'),
  expires_month smallint not null check (expires_month between 1 and 12),
  expires_year smallint not null,
  created_at timestamptz not null default now(),
  removed_at timestamptz
);
create index saved_cards_account on saved_cards (account_id) where removed_at is null;

create table card_payments (
  payment_id text primary key,
  account_id text not null references accounts,
  purpose text not null check (purpose in ('purchase', 'recharge', 'subscription')),
  state text not null default 'open' check (state in ('open', 'action', 'paid', 'failed')),
  -- US cents: what was asked for, what came, what went back
  asked_cents bigint not null check (asked_cents > 0),
  received_cents bigint not null default 0 check (received_cents >= 0),
  refunded_cents bigint not null default 0 check (refunded_cents >= 0),
  -- by disputes that are open or lost
  disputed_cents bigint not null default 0 check (disputed_cents >= 0),
  -- nano-dollars of credit that it buys; null: as much as was received
  credit_nano bigint check (credit_nano > 0),
  credit_until timestamptz,
  session_id text unique,
  intent_id text unique,
  invoice_id text unique,
  lot_id text unique references lots,
  -- the saved card that is charged
  method_id text,
  -- the payer's own name for his request: asking twice charges once
  request_key text check (length(request_key) between 8 and 128),
  reason text,
  -- how often the processor was asked for it, and which of these answers was learnt last: an earlier one is out of date
  asked integer not null default 0,
  learnt integer not null default 0 check (learnt <= asked),
  -- what is booked of it in `card` and `card_losses`, and in how many steps
  booked_nano bigint not null default 0,
  loss_nano bigint not null default 0,
  steps integer not null default 0,
  created_at timestamptz not null default now(),
  checked_at timestamptz not null default now(),
  unique (account_id, request_key),
  check ((state = 'paid') = (received_cents > 0)),
  check (lot_id is null or received_cents > 0),
  check ((purpose = 'subscription') = (invoice_id is not null)),
  check ((credit_nano is null) = (credit_until is null))
);
create index card_payments_account on card_payments (account_id, created_at);
create index card_payments_open on card_payments (checked_at) where state in ('open', 'action');
create index card_payments_without_credit on card_payments (created_at) where received_cents > 0 and lot_id is null;
create index card_payments_back on card_payments (account_id) where refunded_cents > 0 or disputed_cents > 0;

-- Refunds that administrators ask for. Credit is taken back before the processor is asked.
create table card_refunds (
  refund_id text primary key,
  payment_id text not null references card_payments,
  cents bigint not null check (cents > 0),
  state text not null default 'asked' check (state in ('asked', 'made', 'refused')),
  external_id text unique,
  reason text,
  user_id text not null references users,
  created_at timestamptz not null default now(),
  check ((state = 'made') = (external_id is not null))
);
create index card_refunds_payment on card_refunds (payment_id);
create index card_refunds_asked on card_refunds (created_at) where state = 'asked';

-- Whoever disputes a payment, or has, buys no more by card: won disputes count no more.
create function card_is_blocked(p_account text) returns boolean language sql stable as $$
  select exists (select from card_payments where account_id = p_account and disputed_cents > 0)
$$;
create function blocked_accounts_buy_nothing() returns trigger language plpgsql as $$
begin
  if card_is_blocked(new.account_id) then
    raise exception 'account % has disputed a card payment', new.account_id
      using errcode = 'check_violation', constraint = 'blocked_accounts_buy_nothing';
  end if;
  return new;
end $$;
-- A subscription's invoice is paid already when it is heard of.
create trigger card_payments_not_by_blocked before insert on card_payments
  for each row when (new.purpose <> 'subscription') execute function blocked_accounts_buy_nothing();

-- What of a payment went back or is about to, in cents.
create function card_cents_back(p card_payments) returns bigint language sql stable as $$
  select least(p.received_cents, p.refunded_cents + p.disputed_cents + coalesce((
    select sum(cents)::bigint from card_refunds where payment_id = p.payment_id and state = 'asked'), 0))
$$;

-- What has to be booked of payments: dollars that came and stayed, and what went back for credit that had been spent.
create view card_books as
  select p.payment_id, p.account_id, p.booked_nano, p.loss_nano,
    greatest(0, p.received_cents - p.refunded_cents - p.disputed_cents) * 10000000 as true_booked_nano,
    case when l.claimed_nano > 0 then trunc(
      least(p.received_cents, p.refunded_cents + p.disputed_cents) * 10000000::numeric
        * greatest(0, l.claimed_nano - (l.amount_nano - l.used_nano)) / l.claimed_nano)::bigint
    else 0 end as true_loss_nano
  from card_payments p left join lots l using (lot_id);

-- Books what differs, once per difference. The caller has locked the payment.
create function book_card_payment(p_payment text) returns void language plpgsql as $$
declare
  b card_books;
  step integer;
begin
  select * into b from card_books where payment_id = p_payment;
  if b.booked_nano = b.true_booked_nano and b.loss_nano = b.true_loss_nano then return; end if;
  update card_payments set steps = steps + 1, booked_nano = b.true_booked_nano, loss_nano = b.true_loss_nano
    where payment_id = p_payment returning steps into step;
  insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
  select 'card:' || p_payment || ':' || step, line, case when n > 0 then book else 'card_sales' end, 'acct_platform',
    case when n > 0 then 'card_sales' else book end, 'acct_platform', abs(n)
  from (values
    (1, 'card'::book, b.true_booked_nano - b.booked_nano),
    (2, 'card_losses'::book, b.true_loss_nano - b.loss_nano)
  ) e(line, book, n)
  where n <> 0;
end $$;
