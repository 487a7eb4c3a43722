import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import { forgetAccount } from "./forget-account.ts";
import { queryKeys } from "./query-keys.ts";

const stored = new Map<string, string>();
vi.stubGlobal("window", {
  sessionStorage: {
    clear: () => stored.clear(),
    setItem: (name: string, value: string) => stored.set(name, value),
    removeItem: (name: string) => stored.delete(name),
  },
});

test("default: what is on the screen is fetched anew, and still hears of changes", async () => {
  const queries = new QueryClient();
  let said = "before";
  const seen: unknown[] = [];
  const stop = new QueryObserver(queries, { queryKey: queryKeys.claim, queryFn: () => said }).subscribe(({ data }) =>
    seen.push(data),
  );
  await vi.waitFor(() => expect(seen.at(-1)).toBe("before"));
  queries.setQueryData(queryKeys.balance, "of somebody");
  queries.setQueryData(queryKeys.session, "mine");

  said = "signed in";
  forgetAccount(queries, "acct_1");
  expect(queries.getQueryData(queryKeys.claim)).toBeUndefined();
  expect(queries.getQueryData(queryKeys.balance)).toBeUndefined();
  expect(queries.getQueryData(queryKeys.session)).toBe("mine");
  expect([...stored.values()]).toEqual(["acct_1"]);
  await vi.waitFor(() => expect(seen.at(-1)).toBe("signed in"));

  said = "claimed";
  await queries.invalidateQueries({ queryKey: queryKeys.claim });
  expect(seen.at(-1)).toBe("claimed");
  stop();
});
