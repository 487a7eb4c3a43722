-- What a key has spent is read by key: an account may have a thousand of them.
create index usage_days_key on usage_days (account_id, key_id);
