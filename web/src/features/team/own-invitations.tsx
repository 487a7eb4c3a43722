import { QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Invitation } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { shortName } from "../../lib/format.ts";
import { useSwitchAccount } from "../../lib/memberships.ts";
import { useAcceptInvitation, useDeclineInvitation, useOwnInvitations } from "./use-team.ts";

/** Teams that somebody may join. */
export function OwnInvitations() {
  const invitations = useOwnInvitations();
  return (
    <Card aria-labelledby="own-invitations">
      <CardHeader id="own-invitations" title="Invitations to you" description="To your e-mail addresses and wallets." />
      <div className="px-5 pt-2 pb-5 sm:px-6">
        <QueryView
          query={invitations}
          name="invitations"
          loading={<Skeleton className="my-4 h-12" />}
          isEmpty={(data) => data.invitations.length === 0}
          empty={<p className="py-3 text-sm text-muted">Nobody has invited you to a team.</p>}
        >
          {(data) => (
            <ul className="divide-y">
              {data.invitations.map((invitation) => (
                <InvitationRow key={invitation.id} invitation={invitation} />
              ))}
            </ul>
          )}
        </QueryView>
      </div>
    </Card>
  );
}

function InvitationRow({ invitation }: { invitation: Invitation }) {
  const { team, role, invitedBy } = invitation;
  const decline = useDeclineInvitation();
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 text-sm">
      <span className="min-w-0">
        <span className="block truncate font-medium">{team.name}</span>
        <span className="block truncate text-xs text-muted">
          as {role}
          {invitedBy && `, by ${shortName(invitedBy)}`}
        </span>
      </span>
      <span className="flex gap-2">
        <Button variant="ghost" size="sm" pending={decline.isPending} onClick={() => decline.mutate(invitation.id)}>
          Decline
        </Button>
        <Join invitation={invitation} />
      </span>
      {decline.error && <Refused error={decline.error} />}
    </li>
  );
}

/** Joins, and goes on in the team. */
export function Join({ invitation, onJoined }: { invitation: Invitation; onJoined?: () => void }) {
  const accept = useAcceptInvitation();
  const switchAccount = useSwitchAccount();
  const error = accept.error ?? switchAccount.error;
  // Goes on when this is gone from the page, as it is once the invitation is used up.
  const join = async () => {
    const { accountId } = await accept.mutateAsync(invitation.id);
    await switchAccount.mutateAsync(accountId);
    onJoined?.();
  };
  return (
    <>
      <Button
        size="sm"
        pending={accept.isPending || switchAccount.isPending}
        onClick={() => void join().catch(() => {})}
      >
        Join {invitation.team.name}
      </Button>
      {error && <Refused error={error} />}
    </>
  );
}

const Refused = ({ error }: { error: Error }) => (
  <p role="alert" className="w-full text-sm text-bad">
    {describeError(error)}
  </p>
);
