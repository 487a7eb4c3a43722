import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, type Claim, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** What waits behind a link. Who signs in by its address gets it without doing anything more: this says when. */
export const useClaim = (id: string): UseQueryResult<Claim> =>
  useQuery({
    queryKey: [...queryKeys.claim, id],
    queryFn: () => unwrap(api.GET("/api/claims/{id}", { params: { path: { id } } })),
  });

/** Whether it has come to the account that is signed in. */
export const useHasCome = (id: string, state: Claim["state"]): UseQueryResult<boolean> =>
  useQuery({
    queryKey: [...queryKeys.claim, id, "mine", state],
    queryFn: async () => {
      const { response } = await api.GET("/api/transfers/{id}", { params: { path: { id } } });
      return response.ok;
    },
  });
