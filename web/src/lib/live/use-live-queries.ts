import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { queryKeys } from "../query-keys.ts";
import { hearChanges, openChanges, type Topic } from "./changes.ts";

/** A busy account changes several times a second; nobody reads that fast. */
const AT_MOST_EVERY_MS = 1_000;

/** What is fetched again when something has changed. */
const CONCERNED: Record<Exclude<Topic, "*">, readonly (keyof typeof queryKeys)[]> = {
  account: ["session", "me", "ownerChange"],
  batches: ["usage", "balance", "sharing", "earnings"],
  deposits: [
    "deposits",
    "balance",
    "sharing",
    "walletUsdc",
    "transaction",
    "recharge",
    "depositAddress",
    "onramps",
    "cards",
  ],
  earnings: ["earnings"],
  lots: ["balance", "cards", "subscriptions"],
  models: ["models"],
  moves: ["transfers", "gifts", "claim", "requests", "standingOrders", "balance", "sharing"],
  payouts: ["payouts", "earnings", "walletUsdc"],
  reserves: ["reserves"],
  transactions: ["transaction", "payouts", "ownerChange"],
  usage: ["usage", "balance", "sharing", "limits"],
  webhooks: ["webhooks"],
};

/** Keeps everything on the page as new as the API's. The stream is the session's: another account needs another one. */
export function useLiveQueries(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const refresh = atMostEvery(AT_MOST_EVERY_MS, (topics) => invalidate(queries, topics));
    const stop = hearChanges(refresh.hear);
    const close = openChanges();
    return () => {
      close();
      stop();
      refresh.cancel();
    };
  }, [queries]);
}

/** At once where it has been quiet, otherwise together with what comes meanwhile. */
function atMostEvery(pauseMs: number, run: (topics: Set<Topic>) => void) {
  let topics = new Set<Topic>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    if (topics.size === 0) return;
    run(topics);
    topics = new Set();
    timer = setTimeout(flush, pauseMs);
  };
  return {
    hear: (topic: Topic) => {
      topics.add(topic);
      if (timer === undefined) flush();
    },
    cancel: () => clearTimeout(timer),
  };
}

/**
 * Not what has failed before it showed anything: that would wipe out the error, and with it the button that tries again. A
 * transaction on its way is followed whatever happened.
 */
function invalidate(queries: QueryClient, topics: Set<Topic>): void {
  const names = topics.has("*")
    ? Object.values(CONCERNED).flat()
    : [...topics].flatMap((topic) => CONCERNED[topic as never]);
  const concerned = new Set<unknown>(names.map((name) => queryKeys[name][0]));
  void queries.invalidateQueries({
    predicate: ({ queryKey, state, meta }) =>
      concerned.has(queryKey[0]) &&
      meta?.["live"] !== false &&
      (state.data !== undefined || queryKey[0] === queryKeys.transaction[0]),
  });
}
