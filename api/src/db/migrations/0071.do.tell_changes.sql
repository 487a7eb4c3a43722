-- What 0065 could not tell of yet, or left out: who owns an account, what is signed for that, and its plan.
select tell_of('owner_changes', 'account', 'select account_id from fresh');
select tell_of('account_changes', 'account', 'select account_id from fresh');
select tell_of('subscriptions', 'lots', 'select account_id from fresh');
