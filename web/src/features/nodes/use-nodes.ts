import type { paths } from "@infr/sdk";
import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type Node, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

export type NodeOffer = NonNullable<paths["/api/nodes"]["post"]["requestBody"]>["content"]["application/json"];

export const useNodes = (): UseQueryResult<{ nodes: Node[] }> =>
  useQuery({ queryKey: queryKeys.nodes, queryFn: () => unwrap(api.GET("/api/nodes")) });

/** Registers a node, or changes the one at that URL. The platform asks it something before it goes live. */
export function useRegisterNode(): UseMutationResult<Node, Error, NodeOffer> {
  const refresh = useRefresh();
  return useMutation({ mutationFn: (body) => unwrap(api.POST("/api/nodes", { body })), onSuccess: refresh });
}

export function useEnableNode(): UseMutationResult<unknown, Error, { id: string; enabled: boolean }> {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ id, enabled }) =>
      unwrap(api.PATCH("/api/nodes/{id}", { params: { path: { id } }, body: { enabled } })),
    onSuccess: refresh,
  });
}

function useRefresh(): () => Promise<unknown> {
  const queries = useQueryClient();
  return () =>
    Promise.all([queryKeys.nodes, queryKeys.models].map((queryKey) => queries.invalidateQueries({ queryKey })));
}
