-- How far operators are trusted with what platform-funded credit pays for.

-- As administrators have said; without a row an operator is of low standing as long as he is new.
create table operator_standings (
  account_id text primary key references accounts,
  standing text not null check (standing in ('good', 'low')),
  set_at timestamptz not null default now()
);

-- `p_new_for`: for how long from his first node on.
create function operators_of_low_standing(p_new_for interval) returns table (account_id text) language sql stable as $$
  select o.account_id
  from (select n.account_id, min(n.created_at) as since from nodes n group by 1) o
  left join operator_standings s using (account_id)
  where coalesce(s.standing = 'low', o.since > now() - p_new_for)
$$;
