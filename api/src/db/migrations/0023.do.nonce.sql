-- A transaction that has a nonce keeps it until it is taken back into the queue. Two processes that both believe to hold
-- the sender's lock would otherwise give it two, and it could be mined twice.
create function keep_nonce() returns trigger language plpgsql as $$
begin
  if old.nonce is not null and new.nonce is not null and new.nonce <> old.nonce then
    raise exception 'transaction % has nonce % already', old.transaction_id, old.nonce using errcode = 'unique_violation';
  end if;
  return new;
end $$;
create trigger transactions_keep_nonce before update of nonce on transactions
  for each row execute function keep_nonce();
