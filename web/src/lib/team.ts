import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, type Team, unwrap } from "./api.ts";
import { queryKeys } from "./query-keys.ts";
import { useSession } from "./session.ts";

/** The team that somebody is in; not asked for where he is in his own account. */
export function useTeam(): UseQueryResult<Team> {
  const { data: account } = useSession();
  const id = account?.id ?? "";
  return useQuery({
    queryKey: queryKeys.team,
    queryFn: () => unwrap(api.GET("/api/teams/{id}", { params: { path: { id } } })),
    enabled: account?.kind === "team",
  });
}

type Projects = { projects: { name: string; createdAt: string; archivedAt: string | null }[] };

export function useProjects(): UseQueryResult<Projects> {
  const { data: account } = useSession();
  const id = account?.id ?? "";
  return useQuery({
    queryKey: queryKeys.projects,
    queryFn: () => unwrap(api.GET("/api/teams/{id}/projects", { params: { path: { id } } })),
    enabled: account?.kind === "team",
  });
}
