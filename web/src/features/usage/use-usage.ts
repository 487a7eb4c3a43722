import {
  type InfiniteData,
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { api, type UsageRow, unwrap } from "../../lib/api.ts";
import { shortName } from "../../lib/format.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import {
  type Choosable,
  currentDay,
  daysOf,
  filterOf,
  momentsOf,
  type Split,
  type UsageSearch,
} from "./usage-search.ts";

interface UsagePage {
  usage: UsageRow[];
  nextCursor: string | null;
}

const PAGE = 200;
const RECENT = 5;

const fetchPage = (limit: number, search: UsageSearch, cursor?: string): Promise<UsagePage> =>
  unwrap(
    api.GET("/api/usage", {
      params: { query: { limit, ...filterOf(search), ...momentsOf(search), ...(cursor && { cursor }) } },
    }),
  );

/** The log, newest first, page by page. It is not fetched again as a whole when there is more: {@link useNewest}. */
export const useUsage = (search: UsageSearch): UseInfiniteQueryResult<InfiniteData<UsagePage>> =>
  useInfiniteQuery({
    queryKey: [...queryKeys.usage, "log", filterOf(search), momentsOf(search)],
    queryFn: ({ pageParam }) => fetchPage(PAGE, search, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    meta: { live: false },
    refetchOnWindowFocus: false,
  });

/** The log's first page, as new as can be. */
export const useNewest = (search: UsageSearch): UseQueryResult<UsagePage> =>
  useQuery({
    queryKey: [...queryKeys.usage, "newest", filterOf(search), momentsOf(search)],
    queryFn: () => fetchPage(PAGE, search),
  });

/**
 * What is new, before what was loaded; a request that is in both is shown as it is now. Null where something between the
 * two is not known, because more came at once than a page has.
 */
export function joinNewest(newest: UsageRow[], loaded: UsageRow[]): UsageRow[] | null {
  const [first] = loaded;
  if (!first || newest.length === 0) return newest.length > 0 ? newest : loaded;
  const known = new Set(newest.map(({ id }) => id));
  if (!known.has(first.id)) return null;
  // Both are sorted: what is in both is at the beginning of what was loaded.
  const rest = loaded.findIndex(({ id }) => !known.has(id));
  return rest < 0 ? newest : [...newest, ...loaded.slice(rest)];
}

export const useRecentUsage = (): UseQueryResult<UsagePage> =>
  useQuery({ queryKey: [...queryKeys.usage, "recent"], queryFn: () => fetchPage(RECENT, {}) });

const fetchSeries = (search: UsageSearch, by: Split) =>
  unwrap(
    api.GET("/api/usage/series", { params: { query: { ...filterOf(search), ...daysOf(search, currentDay()), by } } }),
  );

export type Series = Awaited<ReturnType<typeof fetchSeries>>;

/** What was used day by day, split by one thing. */
export const useSeries = (search: UsageSearch, by: Split): UseQueryResult<Series> =>
  useQuery({
    queryKey: [...queryKeys.usage, "series", by, filterOf(search), daysOf(search, currentDay())],
    queryFn: () => fetchSeries(search, by),
    placeholderData: keepPreviousData,
  });

/** What the log can be filtered by: whatever has been used on the days looked at. */
export function useChoices(search: UsageSearch, by: Choosable): { value: string; label: string }[] {
  const days = daysOf(search, currentDay());
  const { data } = useQuery({
    queryKey: [...queryKeys.usage, "choices", by, days],
    queryFn: () => unwrap(api.GET("/api/usage/summary", { params: { query: { ...days, by } } })),
    meta: { live: false },
  });
  return (data?.groups ?? [])
    .filter(({ id }) => id !== "")
    .map(({ id, name }) => ({ value: id, label: shortName(name ?? id) }));
}
