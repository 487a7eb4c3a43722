import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Brand } from "../components/brand.tsx";
import { ErrorNote } from "../components/query-view.tsx";
import { Card } from "../components/ui/card.tsx";
import { AppConfigContext } from "../lib/app-config.ts";
import { useSession } from "../lib/session.ts";
import { configQuery, queryClient } from "./queries.ts";

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
  const boot = useQuery(configQuery);
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
