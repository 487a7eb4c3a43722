import { QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Invitation } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { useInvitations, useRevokeInvitation } from "./use-team.ts";

/** Who has been asked and has not answered. */
export function InvitationsCard() {
  const invitations = useInvitations();
  return (
    <Card aria-labelledby="invitations">
      <CardHeader id="invitations" title="Open invitations" />
      <div className="px-5 pt-2 pb-5 sm:px-6">
        <QueryView
          query={invitations}
          name="invitations"
          loading={<Skeleton className="my-4 h-12" />}
          isEmpty={(data) => data.invitations.length === 0}
          empty={<p className="py-3 text-sm text-muted">Everybody who was invited has answered.</p>}
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
  const revoke = useRevokeInvitation();
  const to = invitation.email ?? invitation.wallet ?? "";
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-2.5 text-sm">
      <span className="min-w-0">
        <span className="block break-all">{to}</span>
        <span className="block text-xs text-muted">
          as {invitation.role}, <TimeAgo iso={invitation.createdAt} />
        </span>
      </span>
      <Button
        variant="ghost"
        size="sm"
        aria-label={`Revoke the invitation of ${to}`}
        pending={revoke.isPending}
        onClick={() => revoke.mutate(invitation.id)}
      >
        Revoke
      </Button>
      {revoke.error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(revoke.error)}
        </p>
      )}
    </li>
  );
}
