import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, type Balance, unwrap } from "../../lib/api.ts";
import { every } from "../../lib/every.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const REFRESH_MS = 2_000;

/** The account's balance, kept fresh. How it is kept fresh is known here only. */
export const useBalance = (): UseQueryResult<Balance> =>
  useQuery({
    queryKey: queryKeys.balance,
    queryFn: () => unwrap(api.GET("/api/balance")),
    refetchInterval: every(REFRESH_MS),
  });
