import { useQuery } from "@tanstack/react-query";
import { api, type Limit, unwrap } from "../../lib/api.ts";
import { shortName } from "../../lib/format.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { useProjects, useTeam } from "../../lib/team.ts";

type Subject = Pick<Limit, "scope" | "subjectId">;

/** What budgets can be set on, with the words that people know it by. */
export function useSubjects(): {
  subjects: { subject: Subject; label: string }[];
  labelOf: (subject: Subject) => string;
} {
  const team = useTeam().data;
  const projects = useProjects().data?.projects ?? [];
  const { data: keys } = useQuery({ queryKey: queryKeys.keys, queryFn: () => unwrap(api.GET("/api/keys")) });
  const subjects: { subject: Subject; label: string }[] = [
    ...(team ? [{ subject: { scope: "account", subjectId: team.id } as const, label: "The whole team" }] : []),
    ...(team?.members ?? []).map(({ id, name }) => ({
      subject: { scope: "member", subjectId: id } as const,
      label: shortName(name ?? id),
    })),
    ...projects
      .filter(({ archivedAt }) => archivedAt === null)
      .map(({ name }) => ({ subject: { scope: "project", subjectId: name } as const, label: `Project ${name}` })),
    ...(keys?.keys ?? [])
      .filter(({ revokedAt }) => revokedAt === null)
      .map(({ id, name }) => ({ subject: { scope: "key", subjectId: id } as const, label: `Key ${name}` })),
  ];
  const labelOf = ({ scope, subjectId }: Subject) =>
    subjects.find(({ subject }) => subject.scope === scope && subject.subjectId === subjectId)?.label ??
    `${scope} ${subjectId}`;
  return { subjects, labelOf };
}
