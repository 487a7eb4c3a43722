import type { QueryClient } from "@tanstack/react-query";
import { queryKeys } from "./query-keys.ts";

/** Nothing of an account stays in the page. Also before somebody signs in: a session may have ended without a sign-out. */
export function forgetAccount(queries: QueryClient): void {
  window.sessionStorage.clear();
  queries.removeQueries({ predicate: ({ queryKey }) => !KEPT.has(queryKey[0]) });
}

const KEPT = new Set<unknown>([queryKeys.session[0], queryKeys.config[0]]);
