-- Who owns an account in the contract now, in lower case: it may have changed hands since it was opened.
create function current_owner(account accounts) returns text language sql stable as $$
  select coalesce((select value from account_facts f where f.account_id = account.account_id and f.what = 'owner'), account.owner)
$$;
