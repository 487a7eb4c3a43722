import { QueryView } from "../../components/query-view.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import { shortName } from "../../lib/format.ts";
import { useMay } from "../../lib/memberships.ts";
import { useTeam } from "../../lib/team.ts";
import { InviteDialog } from "./invite-dialog.tsx";
import { MemberDialog } from "./member-dialog.tsx";

/** Who belongs to the team, and as what. */
export function MembersCard({ ownId }: { ownId: string | undefined }) {
  const team = useTeam();
  const mayInvite = useMay("members");
  return (
    <Card aria-labelledby="members">
      <CardHeader id="members" title="Members" action={mayInvite && <InviteDialog />} />
      <QueryView query={team} name="members" loading={<Skeleton className="m-6 h-24" />}>
        {(data) => (
          <Table aria-labelledby="members" className="mt-3">
            <thead>
              <tr>
                <Th>Name</Th>
                <Th>Role</Th>
                <Th>
                  <span className="sr-only">Action</span>
                </Th>
              </tr>
            </thead>
            <tbody>
              {data.members.map((member) => (
                <Row key={member.id}>
                  <Td className="w-full max-w-0">
                    <span className="block truncate font-medium" title={member.name ?? member.id}>
                      {shortName(member.name ?? member.id)}
                      {member.id === ownId && <span className="font-normal text-muted"> (you)</span>}
                    </span>
                  </Td>
                  <Td>
                    <Badge tone={member.role === "owner" ? "ember" : "neutral"}>{member.role}</Badge>
                  </Td>
                  <Td className="text-right">
                    <MemberDialog member={member} isSelf={member.id === ownId} offered={data.offeredTo === member.id} />
                  </Td>
                </Row>
              ))}
            </tbody>
          </Table>
        )}
      </QueryView>
    </Card>
  );
}
