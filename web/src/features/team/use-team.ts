import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type Invitation, type Limit, type Team, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { useSession } from "../../lib/session.ts";

export type Member = Team["members"][number];
export type GivenRole = Exclude<Member["role"], "owner">;
export const ROLE_HINTS: Record<GivenRole, string> = {
  admin: "People, keys, projects, budgets, and all below",
  billing: "Money in and out, budgets, statements; makes no requests",
  member: "API keys of their own, within budgets",
};

/** A write about the team that is shown, after which what it changed is read anew. */
function useTeamWrite<Input, Output>(
  write: (id: string, input: Input) => Promise<Output>,
  changed: readonly (keyof typeof queryKeys)[],
): UseMutationResult<Output, Error, Input> {
  const queries = useQueryClient();
  const id = useSession().data?.id ?? "";
  return useMutation({
    mutationFn: (input: Input) => write(id, input),
    onSuccess: () => Promise.all(changed.map((name) => queries.invalidateQueries({ queryKey: queryKeys[name] }))),
  });
}

export function useCreateTeam(): UseMutationResult<Team, Error, { name: string; owner?: string }> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body) => unwrap<Team>(api.POST("/api/teams", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.me }),
  });
}

export const useChangeRole = () =>
  useTeamWrite(
    (id, { userId, role }: { userId: string; role: GivenRole }) =>
      unwrap(api.PATCH("/api/teams/{id}/members/{userId}", { params: { path: { id, userId } }, body: { role } })),
    ["team", "me", "invitations"],
  );

export const useRemoveMember = () =>
  useTeamWrite(
    (id, userId: string) =>
      unwrap(api.DELETE("/api/teams/{id}/members/{userId}", { params: { path: { id, userId } } })),
    ["team", "keys", "invitations"],
  );

export const useOfferTeam = () =>
  useTeamWrite(
    (id, userId: string) => unwrap(api.POST("/api/teams/{id}/offer", { params: { path: { id } }, body: { userId } })),
    ["team"],
  );

export const useAcceptTeam = () =>
  useTeamWrite<void, unknown>(
    (id) => unwrap(api.POST("/api/teams/{id}/offer/accept", { params: { path: { id } } })),
    ["team", "me"],
  );

export const useEndOffer = () =>
  useTeamWrite<void, unknown>(
    (id) => unwrap(api.DELETE("/api/teams/{id}/offer", { params: { path: { id } } })),
    ["team"],
  );

export function useInvitations(): UseQueryResult<{ invitations: Invitation[] }> {
  const id = useSession().data?.id ?? "";
  return useQuery({
    queryKey: queryKeys.invitations,
    queryFn: () => unwrap(api.GET("/api/teams/{id}/invitations", { params: { path: { id } } })),
  });
}

export type Invitee = { role: GivenRole; email?: string; wallet?: string };

export const useInvite = () =>
  useTeamWrite(
    (id, body: Invitee): Promise<{ id: string; link: string | null }> =>
      unwrap(api.POST("/api/teams/{id}/invitations", { params: { path: { id } }, body })),
    ["invitations"],
  );

export const useRevokeInvitation = () =>
  useTeamWrite(
    (id, invitationId: string) =>
      unwrap(api.DELETE("/api/teams/{id}/invitations/{invitationId}", { params: { path: { id, invitationId } } })),
    ["invitations"],
  );

export const useCreateProject = () =>
  useTeamWrite(
    (id, name: string) => unwrap(api.POST("/api/teams/{id}/projects", { params: { path: { id } }, body: { name } })),
    ["projects"],
  );

export const useArchiveProject = () =>
  useTeamWrite(
    (id, { name, archived }: { name: string; archived: boolean }) =>
      unwrap(api.PATCH("/api/teams/{id}/projects/{name}", { params: { path: { id, name } }, body: { archived } })),
    ["projects"],
  );

export const useLimits = (): UseQueryResult<{ limits: Limit[] }> =>
  useQuery({ queryKey: queryKeys.limits, queryFn: () => unwrap(api.GET("/api/limits")) });

export type Subject = Pick<Limit, "scope" | "subjectId" | "period">;

export const useSetLimit = () =>
  useTeamWrite(
    (_, { amount, ...path }: Subject & { amount: string }) =>
      unwrap(api.PUT("/api/limits/{scope}/{subjectId}/{period}", { params: { path }, body: { amount } })),
    ["limits", "keys"],
  );

export const useRemoveLimit = () =>
  useTeamWrite(
    (_, path: Subject) => unwrap(api.DELETE("/api/limits/{scope}/{subjectId}/{period}", { params: { path } })),
    ["limits", "keys"],
  );

/** Invitations to the e-mail addresses and wallets of who is signed in. */
export const useOwnInvitations = (): UseQueryResult<{ invitations: Invitation[] }> =>
  useQuery({ queryKey: queryKeys.ownInvitations, queryFn: () => unwrap(api.GET("/api/me/invitations")) });

export function useAcceptInvitation(): UseMutationResult<{ accountId: string }, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id) => unwrap(api.POST("/api/me/invitations/{id}/accept", { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.ownInvitations }),
  });
}

export function useDeclineInvitation(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id) => unwrap(api.DELETE("/api/me/invitations/{id}", { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.ownInvitations }),
  });
}

/** The invitation that a link leads to. */
export const useLinkedInvitation = (token: string): UseQueryResult<Invitation> =>
  useQuery({
    queryKey: [...queryKeys.ownInvitations, token],
    queryFn: () => unwrap(api.GET("/api/invitations/{token}", { params: { path: { token } } })),
  });
