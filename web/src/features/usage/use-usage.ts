import {
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { api, type UsageRow, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

interface UsagePage {
  usage: UsageRow[];
  nextCursor: string | null;
}

const PAGE = 25;
const RECENT = 5;

const fetchPage = (limit: number, cursor?: string): Promise<UsagePage> =>
  unwrap(api.GET("/api/usage", { params: { query: { limit, ...(cursor && { cursor }) } } }));

/** The whole log, newest first, page by page. */
export const useUsage = (): UseInfiniteQueryResult<InfiniteData<UsagePage>> =>
  useInfiniteQuery({
    queryKey: [...queryKeys.usage, "log"],
    queryFn: ({ pageParam }) => fetchPage(PAGE, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });

export const useRecentUsage = (): UseQueryResult<UsagePage> =>
  useQuery({
    queryKey: [...queryKeys.usage, "recent"],
    queryFn: () => fetchPage(RECENT),
  });
