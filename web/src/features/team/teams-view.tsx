import { QueryView } from "../../components/query-view.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { describeError } from "../../lib/errors.ts";
import { type Membership, useMemberships, useSwitchAccount } from "../../lib/memberships.ts";
import { CreateTeam } from "./create-team.tsx";
import { OwnInvitations } from "./own-invitations.tsx";

/** For somebody in his own account: his teams, those that he may join, and a new one. */
export const TeamsView = () => (
  <div className="grid items-start gap-6 lg:grid-cols-2">
    <div className="grid gap-6">
      <OwnTeams />
      <OwnInvitations />
    </div>
    <CreateTeam />
  </div>
);

const teamsOf = (accounts: Membership[]) => accounts.filter(({ kind }) => kind === "team");

function OwnTeams() {
  const memberships = useMemberships();
  return (
    <Card aria-labelledby="teams">
      <CardHeader id="teams" title="Your teams" />
      <div className="px-5 pt-2 pb-5 sm:px-6">
        <QueryView
          query={memberships}
          name="teams"
          loading={<Skeleton className="my-4 h-12" />}
          isEmpty={(data) => teamsOf(data).length === 0}
          empty={
            <p className="py-3 text-sm text-muted">You belong to no team yet. Create one, or ask for an invitation.</p>
          }
        >
          {(data) => (
            <ul className="divide-y">
              {teamsOf(data).map((team) => (
                <TeamRow key={team.id} team={team} />
              ))}
            </ul>
          )}
        </QueryView>
      </div>
    </Card>
  );
}

function TeamRow({ team }: { team: Membership }) {
  const switchAccount = useSwitchAccount();
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-2.5 text-sm">
      <span className="flex min-w-0 items-center gap-2">
        <span className="truncate font-medium">{team.name}</span>
        <Badge>{team.role}</Badge>
      </span>
      <Button
        variant="secondary"
        size="sm"
        aria-label={`Open ${team.name ?? ""}`}
        pending={switchAccount.isPending}
        onClick={() => switchAccount.mutate(team.id)}
      >
        Open
      </Button>
      {switchAccount.error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(switchAccount.error)}
        </p>
      )}
    </li>
  );
}
