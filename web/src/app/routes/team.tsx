import { Page } from "../../components/page.tsx";
import { TeamView } from "../../features/team/team-view.tsx";
import { TeamsView } from "../../features/team/teams-view.tsx";
import { useOwnId } from "../../lib/memberships.ts";
import { SignedIn } from "../signed-in.tsx";

export function TeamRoute() {
  const ownId = useOwnId();
  return (
    <SignedIn>
      {(account) => (
        <Page
          key={account.id}
          title="Team"
          description={account.name ?? "Share one balance, with roles, projects and budgets that hold."}
        >
          {account.kind === "team" ? <TeamView account={account} ownId={ownId} /> : <TeamsView />}
        </Page>
      )}
    </SignedIn>
  );
}
