import { MutationCache, QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";
import { api, type Config, unwrap } from "../lib/api.ts";
import { canonicalUrl } from "../lib/canonical-origin.ts";
import { ApiError } from "../lib/errors.ts";
import { queryKeys } from "../lib/query-keys.ts";

const RETRIES = 2;

export const queryClient: QueryClient = new QueryClient({
  defaultOptions: { queries: { staleTime: 1_000, retry: isWorthRetrying } },
  queryCache: new QueryCache({ onError: noticeLostSession }),
  mutationCache: new MutationCache({ onError: noticeLostSession }),
});

function isWorthRetrying(failures: number, error: Error): boolean {
  const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
  return !refused && failures < RETRIES;
}

/** A session that ended elsewhere is noticed by the first request that is refused. */
function noticeLostSession(error: Error): void {
  if (error instanceof ApiError && error.status === 401) {
    void queryClient.invalidateQueries({ queryKey: queryKeys.session });
  }
}

/** Chain and contracts, as the API tells them: asked once. */
export const configQuery = queryOptions({
  queryKey: queryKeys.config,
  queryFn: loadConfig,
  staleTime: Number.POSITIVE_INFINITY,
});

async function loadConfig(): Promise<Config> {
  const config = (await unwrap(api.GET("/api/config"))) as Config;
  const elsewhere = canonicalUrl(window.location.href, config.origin);
  if (elsewhere) window.location.replace(elsewhere);
  return config;
}
