-- Whoever asks again after a lost answer gets the order that he has made: it would be paid twice, again and again.
alter table standing_orders add column idempotency_key text check (length(idempotency_key) between 8 and 128);
create unique index standing_orders_key on standing_orders (account_id, idempotency_key);
