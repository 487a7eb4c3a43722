import { RouterProvider } from "@tanstack/react-router";
import { sessionQuery } from "../lib/session.ts";
import { Providers } from "./providers.tsx";
import { configQuery, queryClient } from "./queries.ts";
import { router } from "./router.tsx";

// The page's own chunk comes while the API is asked for its settings.
const routed = router.load();

export const App = () => (
  <Providers>
    <RouterProvider router={router} />
  </Providers>
);

/** Waits for all that the first page needs to be drawn in one go. What fails is asked for again, and told, by the page. */
export async function loadFirstPage(): Promise<void> {
  await Promise.all([queryClient.prefetchQuery(configQuery), queryClient.prefetchQuery(sessionQuery), routed]);
}
