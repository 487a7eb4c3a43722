import { Fact, Facts } from "../../components/facts.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import type { Account } from "../../lib/api.ts";
import { shortHex } from "../../lib/format.ts";
import { useMay } from "../../lib/memberships.ts";
import { BudgetsCard } from "./budgets-card.tsx";
import { InvitationsCard } from "./invitations-card.tsx";
import { MembersCard } from "./members-card.tsx";
import { ProjectsCard } from "./projects-card.tsx";

/** The team that somebody is in: people, projects, budgets. */
export function TeamView({ account, ownId }: { account: Account; ownId: string | undefined }) {
  const mayInvite = useMay("members");
  return (
    <div className="grid items-start gap-6 lg:grid-cols-2">
      <div className="grid gap-6">
        <MembersCard ownId={ownId} />
        {mayInvite && <InvitationsCard />}
      </div>
      <div className="grid gap-6">
        <BudgetsCard />
        <ProjectsCard />
        <Card aria-labelledby="team-account">
          <CardHeader id="team-account" title="Account" />
          <div className="px-5 pt-2 pb-4 sm:px-6">
            <Facts>
              <Fact name="Send credit to" hint="As the recipient of a transfer">
                <span className="font-mono text-[13px] break-all">{account.id}</span>
              </Fact>
              <Fact name="Owner in the contract" hint="Signs for what leaves the team">
                {account.custodial ? (
                  "The platform"
                ) : (
                  <span title={account.currentOwner}>{shortHex(account.currentOwner)}</span>
                )}
              </Fact>
            </Facts>
          </div>
        </Card>
      </div>
    </div>
  );
}
