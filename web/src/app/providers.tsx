import { CSPProvider } from "@base-ui/react/csp-provider";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Brand } from "../components/brand.tsx";
import { ErrorNote } from "../components/query-view.tsx";
import { Card } from "../components/ui/card.tsx";
import { api, type Config, unwrap } from "../lib/api.ts";
import { AppConfigContext } from "../lib/app-config.ts";
import { canonicalUrl } from "../lib/canonical-origin.ts";
import { ApiError } from "../lib/errors.ts";
import { queryKeys } from "../lib/query-keys.ts";
import { useSession } from "../lib/session.ts";

const RETRIES = 2;

const queryClient: QueryClient = new QueryClient({
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

export const Providers = ({ children }: { children: ReactNode }) => (
  // The content security policy lets no component bring style elements of its own; ours need none.
  <CSPProvider disableStyleElements>
    <QueryClientProvider client={queryClient}>
      <ConfigGate>{children}</ConfigGate>
    </QueryClientProvider>
  </CSPProvider>
);

/** Chain and contracts are the API's to tell: nothing can be shown before it has. */
function ConfigGate({ children }: { children: ReactNode }) {
  // At the same time: the page behind needs it next.
  useSession();
  const boot = useQuery({ queryKey: queryKeys.config, queryFn: loadConfig, staleTime: Number.POSITIVE_INFINITY });
  if (boot.data) return <AppConfigContext value={boot.data}>{children}</AppConfigContext>;
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col items-center justify-center gap-6 p-6">
      <h1>
        <Brand />
      </h1>
      {boot.error ? (
        <Card className="w-full">
          <ErrorNote error={boot.error} pending={boot.isFetching} onRetry={() => void boot.refetch()} />
        </Card>
      ) : (
        <p role="status" className="text-sm text-muted">
          Loading…
        </p>
      )}
    </main>
  );
}

async function loadConfig(): Promise<Config> {
  const config = (await unwrap(api.GET("/api/config"))) as Config;
  const elsewhere = canonicalUrl(window.location.href, config.origin);
  if (elsewhere) window.location.replace(elsewhere);
  return config;
}
