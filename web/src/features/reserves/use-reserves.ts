import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, type Reserves, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** What the platform last found when it compared its books with the contract. */
export const useReserves = (): UseQueryResult<Reserves> =>
  useQuery({
    queryKey: queryKeys.reserves,
    queryFn: () => unwrap(api.GET("/api/reserves")),
  });
