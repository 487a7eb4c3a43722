-- Somebody asks for money by a link; whoever pays it makes a transfer that names it. It is paid once: the transfer that is
-- set aside first has it, until it ends without having come.
create table money_requests (
  request_id text primary key,
  account_id text not null references accounts, -- who asks
  user_id text not null references users,
  amount_micro bigint not null check (amount_micro between 1 and 1000000000000000),
  message text not null default '' check (length(message) <= 280),
  expires_at timestamptz not null,
  cancelled_at timestamptz,
  paying_move text unique references moves,
  created_at timestamptz not null default now()
);
create index money_requests_account on money_requests (account_id, request_id);

alter table moves
  drop constraint moves_named_as_check,
  add constraint moves_named_as_check check (named_as in ('wallet', 'account', 'team', 'email', 'request'));

create function pay_money_request() returns trigger language plpgsql as $$
begin
  if new.state = old.state then return new; end if;
  if old.state = 'awaiting_signature' and new.state = 'pending' then
    update money_requests set paying_move = new.move_id
      where request_id = new.named and account_id = new.recipient_id and amount_micro = new.amount_micro
        and paying_move is null and cancelled_at is null and expires_at > now();
    if not found then
      raise exception 'this request is paid, cancelled or expired' using errcode = 'IF001';
    end if;
  elsif new.state in ('expired', 'failed') then
    update money_requests set paying_move = null where paying_move = new.move_id;
  elsif new.state = 'completed' then
    -- The chain is right, whatever we had thought; if somebody else has paid meanwhile, it is paid twice, and both see it.
    update money_requests set paying_move = new.move_id where request_id = new.named and paying_move is null;
  end if;
  return new;
end $$;
-- After what decides whether the step may be taken at all: triggers run by name.
create trigger moves_step_of_request before update of state on moves for each row
  when (new.named_as = 'request') execute function pay_money_request();
