import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, type Balance, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** The account's balance, kept fresh by what the API tells of (`lib/live`). */
export const useBalance = (): UseQueryResult<Balance> =>
  useQuery({ queryKey: queryKeys.balance, queryFn: () => unwrap(api.GET("/api/balance")) });
