-- What a co-signer may read: what a batch is made of, and nothing else. It may write nothing.
create function grant_cosigner(p_role name) returns void language plpgsql as $$
begin
  execute format('grant usage on schema public to %I', p_role);
  execute format('grant select on usage, prices, nodes, accounts, chain_events, settleable_accounts, referrals, batches,
    batch_accounts, batch_earners, batch_referrers to %I', p_role);
end $$;
