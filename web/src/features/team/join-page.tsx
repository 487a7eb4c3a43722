import type { ReactNode } from "react";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { shortName } from "../../lib/format.ts";
import { Join } from "./own-invitations.tsx";
import { useLinkedInvitation, useOwnInvitations } from "./use-team.ts";

interface JoinPageProps {
  token: string;
  /** Null for somebody who is not signed in: the way in. */
  signIn: ReactNode | null;
  onJoined: () => void;
}

/** Where the link of an invitation leads to. */
export function JoinPage({ token, signIn, onJoined }: JoinPageProps) {
  const linked = useLinkedInvitation(token);
  return (
    <Page title="Invitation">
      <Card className="max-w-xl p-5 sm:p-6">
        <QueryView query={linked} name="invitation" loading={<Skeleton className="h-16" />}>
          {(invitation) => (
            <div className="flex flex-col items-start gap-4 text-sm">
              <p className="text-pretty">
                {invitation.invitedBy ? shortName(invitation.invitedBy) : "Somebody"} invites{" "}
                <b className="font-medium">{shortName(invitation.email ?? invitation.wallet ?? "")}</b> to the team{" "}
                <b className="font-medium">{invitation.team.name}</b> as {invitation.role}.
              </p>
              {signIn ?? <Answer invitation={invitation} onJoined={onJoined} />}
            </div>
          )}
        </QueryView>
      </Card>
    </Page>
  );
}

function Answer({
  invitation,
  onJoined,
}: {
  invitation: Parameters<typeof Join>[0]["invitation"];
  onJoined: () => void;
}) {
  const own = useOwnInvitations();
  if (!own.data) return <Skeleton className="h-8 w-32" />;
  if (own.data.invitations.some(({ id }) => id === invitation.id)) {
    return <Join invitation={invitation} onJoined={onJoined} />;
  }
  return (
    <p role="status" className="text-muted">
      You are signed in as somebody else. Sign in with that {invitation.email === null ? "wallet" : "e-mail address"},
      or link it under Settings, and open this link again.
    </p>
  );
}
