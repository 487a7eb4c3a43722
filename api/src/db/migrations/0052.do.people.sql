-- What people are called where others see them: their first e-mail address, or else their first wallet.
create view people as
  select u.user_id, coalesce(
    (select address from emails e where e.user_id = u.user_id order by verified_at, email_id limit 1),
    (select address from wallets w where w.user_id = u.user_id order by created_at, address limit 1)
  ) as name
  from users u;
