-- How far operators are trusted with what platform-funded credit pays for.

-- As administrators have said; without a row an operator is of low standing as long as he is new.
create table operator_standings (
  account_id text primary key references accounts,
  standing text not null check (standing in ('good', 'low')),
  set_at timestamptz not null default now()
);

create function is_of_low_standing(p_account text, p_new_for interval) returns boolean language sql stable as $$
  select coalesce(
    (select standing = 'low' from operator_standings where account_id = p_account),
    (select min(created_at) > now() - p_new_for from nodes where account_id = p_account),
    false)
$$;
