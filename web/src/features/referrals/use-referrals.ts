import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, type Referrals, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const PEOPLE = 100;

export const useReferrals = (): UseQueryResult<Referrals> =>
  useQuery({
    queryKey: queryKeys.referrals,
    queryFn: () => unwrap(api.GET("/api/referrals", { params: { query: { limit: PEOPLE } } })),
  });

/** Says that this browser has followed a link. Doing it again changes nothing: the first link is kept. */
export const useVisit = (code: string): UseQueryResult<boolean> =>
  useQuery({
    queryKey: [...queryKeys.referrals, "visit", code],
    queryFn: async () => {
      await unwrap(api.POST("/api/referrals/visits", { body: { code } }));
      return true;
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
