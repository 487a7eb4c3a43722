-- Limits that people set: what an account, a member, a project or a key may spend in a day, week, month or ever.

-- A project is a name that keys share.
alter table api_keys add column project text check (project ~ '^[a-z0-9][a-z0-9._-]{0,63}$');
create index api_keys_project on api_keys (account_id, project) where project is not null;

-- What a hold counts against, so that a limit which is made while requests run counts them too.
alter table holds add column subjects text[] not null default '{}';

-- What a subject was billed from one moment to another, from the usage log. `p_started` is a lower bound of when those
-- requests began: it saves reading the older part of the log.
create function used_by_subject(
  p_account text, p_scope text, p_subject text, p_from timestamptz, p_until timestamptz, p_started timestamptz
) returns bigint language sql stable as $$
  select coalesce(sum(u.cost_nano), 0)::bigint from usage u
  where u.account_id = p_account and u.started_at >= p_started and u.captured_at >= p_from and u.captured_at < p_until
    and case p_scope
      when 'account' then true
      when 'key' then u.key_id = p_subject
      when 'member' then u.user_id = p_subject
      when 'project' then u.key_id in (select key_id from api_keys where account_id = p_account and project = p_subject)
    end
$$;

-- What the counters of these limits have to be: `differences` compares.
create view limit_truth as
  select l.limit_id, l.account_id, l.scope, l.subject_id, l.period, l.used_nano, l.held_nano,
    used_by_subject(l.account_id, l.scope, l.subject_id, l.period_start, 'infinity', '-infinity') as true_used_nano,
    coalesce((
      select sum(h.paid_nano + h.funded_nano)::bigint from holds h
      where h.account_id = l.account_id and (l.scope || ':' || l.subject_id) = any (h.subjects)
    ), 0) as true_held_nano
  from limits l where l.scope in ('account', 'member', 'project', 'key');

-- A moment of an account before which nothing will be captured any more, and when what is captured later can have begun
-- at the earliest: with its oldest hold. An id is made moments before its hold; an hour leaves room for clocks. Holds of
-- jobs may be weeks old and are left out: what they bill is found by when it was billed.
create function ledger_moment(p_account text, out moment timestamptz, out started timestamptz) language plpgsql as $$
begin
  perform from balances where account_id = p_account for update;
  moment := clock_timestamp();
  started := least(moment, (select min(created_at) from holds where account_id = p_account and expires_at is null)) - interval '1 hour';
end $$;

-- Sets a limit. A new one starts with what its subject has spent in the window and has held now. The log up to
-- `p_moment` may be long and is summed before, without a lock (`p_used`, from `p_from` on); what came since is short and
-- summed here, while no hold or capture of the account can be under way.
create function set_limit(
  p_account text, p_scope text, p_subject text, p_period text, p_amount bigint,
  p_from timestamptz, p_moment timestamptz, p_started timestamptz, p_used bigint
) returns limits language plpgsql as $$
declare
  result limits;
  first timestamptz;
begin
  if p_scope not in ('account', 'member', 'project', 'key') then
    raise exception 'a % limit is not set by hand', p_scope using errcode = 'check_violation';
  end if;
  perform from balances where account_id = p_account for update;
  update limits l set amount_nano = p_amount
    where (l.account_id, l.scope, l.subject_id, l.period) = (p_account, p_scope, p_subject, p_period)
    returning l.* into result;
  if found then return result; end if;
  first := start_of_period(p_period, clock_timestamp());
  insert into limits (account_id, scope, subject_id, period, amount_nano, period_start, used_nano, held_nano)
  values (
    p_account, p_scope, p_subject, p_period, p_amount, first,
    case when first = p_from then p_used else 0 end
      + used_by_subject(p_account, p_scope, p_subject, case when first = p_from then p_moment else first end, 'infinity', p_started),
    coalesce((
      select sum(paid_nano + funded_nano)::bigint from holds h
      where h.account_id = p_account and (p_scope || ':' || p_subject) = any (h.subjects)
    ), 0)
  ) returning * into result;
  update holds h set limit_ids = limit_ids || result.limit_id
    where h.account_id = p_account and (p_scope || ':' || p_subject) = any (h.subjects);
  return result;
end $$;
