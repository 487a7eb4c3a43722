import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { type Adjustment, type AdminOverview, api, type OperatorStanding, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const query = { limit: 50 };

export const useOverview = (): UseQueryResult<AdminOverview> =>
  useQuery({ queryKey: [...queryKeys.admin, "overview"], queryFn: () => unwrap(api.GET("/api/admin/overview")) });

export const useRecentBatches = () =>
  useQuery({
    queryKey: [...queryKeys.admin, "batches"],
    queryFn: () => unwrap(api.GET("/api/batches", { params: { query: { limit: 10 } } })),
  });

export const useActs = () =>
  useQuery({
    queryKey: [...queryKeys.admin, "acts"],
    queryFn: () => unwrap(api.GET("/api/admin/acts", { params: { query } })),
  });

export const useAdjustments = (): UseQueryResult<{ adjustments: Adjustment[] }> =>
  useQuery({
    queryKey: [...queryKeys.admin, "adjustments"],
    queryFn: () => unwrap(api.GET("/api/admin/adjustments", { params: { query } })),
  });

export const useOperators = (): UseQueryResult<{ operators: OperatorStanding[] }> =>
  useQuery({
    queryKey: [...queryKeys.admin, "operators"],
    queryFn: () => unwrap(api.GET("/api/admin/operators", { params: { query } })),
  });

export type Proposal = { cause: string; reason: string; amount: string; accountId: string };

export const usePropose = (): UseMutationResult<unknown, Error, Proposal> =>
  useAct((body) => unwrap(api.POST("/api/admin/adjustments", { body })));

export const useDecide = (): UseMutationResult<unknown, Error, { id: string; verb: "approve" | "reject" }> =>
  useAct(({ id, verb }) => unwrap(api.POST(`/api/admin/adjustments/{id}/${verb}`, { params: { path: { id } } })));

export const useFreeze = (): UseMutationResult<unknown, Error, { id: string; reason: string | null }> =>
  useAct(({ id, reason }) =>
    reason === null
      ? unwrap(api.DELETE("/api/admin/accounts/{id}/freeze", { params: { path: { id } } }))
      : unwrap(api.PUT("/api/admin/accounts/{id}/freeze", { params: { path: { id } }, body: { reason } })),
  );

type Grant = { accountId: string; amount: string; cause: string };
export const useGrant = (): UseMutationResult<unknown, Error, Grant> =>
  useAct((body) => unwrap(api.POST("/api/admin/grants", { body: { ...body, kind: "enterprise" } })));

type Standing = { id: string; standing: "good" | "low"; reason: string };
export const useSetStanding = (): UseMutationResult<unknown, Error, Standing> =>
  useAct(({ id, ...body }) =>
    unwrap(api.PUT("/api/admin/operators/{id}/standing", { params: { path: { id } }, body })),
  );

/** Whatever is done is in the log, and may show anywhere on the page. */
function useAct<Input>(act: (input: Input) => Promise<unknown>): UseMutationResult<unknown, Error, Input> {
  const queries = useQueryClient();
  return useMutation({ mutationFn: act, onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.admin }) });
}
