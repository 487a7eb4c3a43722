import { actingAccount } from "../acting.ts";

/** What the API tells of, in its words; `*` is anything, after a gap. */
export type Topic =
  | "account"
  | "batches"
  | "deposits"
  | "earnings"
  | "lots"
  | "models"
  | "moves"
  | "payouts"
  | "reserves"
  | "transactions"
  | "usage"
  | "webhooks"
  | "*";

type Hear = (topic: Topic) => void;

/** A browser comes back by itself after an interruption, but not when it was refused: too many pages, or a restart. */
const REFUSED_MS = 10_000;
const listeners = new Set<Hear>();

/** Hears of every change, from whichever stream is open. @returns what ends it */
export function hearChanges(hear: Hear): () => void {
  listeners.add(hear);
  return () => listeners.delete(hear);
}

/** Keeps the one stream of this page open. @returns what closes it */
export function openChanges(): () => void {
  let source: EventSource;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    // It carries no header that says for which account.
    const account = actingAccount();
    source = new EventSource(account === null ? "/api/events" : `/api/events?account=${account}`);
    source.addEventListener("change", ({ data }: MessageEvent<Topic>) => {
      for (const hear of listeners) hear(data);
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, REFUSED_MS);
    });
  };
  open();
  return () => {
    clearTimeout(retry);
    source.close();
  };
}
