import type { Query, QueryClient } from "@tanstack/react-query";
import { setActing } from "./acting.ts";
import { queryKeys } from "./query-keys.ts";

const KEPT = new Set<unknown>([queryKeys.session[0], queryKeys.config[0]]);
const isForgotten = ({ queryKey }: Query): boolean => !KEPT.has(queryKey[0]);

/**
 * Nothing of an account stays in the page. Also before somebody signs in: a session may have ended without a sign-out. What
 * is on the screen is emptied and fetched for whoever is here now; removed from the cache, it would not hear of any change
 * any more.
 */
export function forgetAccount(queries: QueryClient, goOnAs: string | null = null): void {
  window.sessionStorage.clear();
  setActing(goOnAs);
  queries.removeQueries({ type: "inactive", predicate: isForgotten });
  void queries.resetQueries({ type: "active", predicate: isForgotten });
}
