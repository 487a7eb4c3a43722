-- With which wallet somebody signed in; null where it was an e-mail address, and for sign-ins before there was this column.
alter table sessions add column wallet text check (wallet ~ '^0x[0-9a-f]{40}$');
