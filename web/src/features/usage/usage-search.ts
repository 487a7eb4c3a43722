/** What of the log is looked at: it stands in the URL, so that it can be sent to somebody and survives a reload. */
export interface UsageSearch {
  /** Days, both included, in UTC. */
  from?: string;
  to?: string;
  model?: string;
  keyId?: string;
  nodeId?: string;
  memberId?: string;
  project?: string;
  status?: Status;
  /** What the chart is split by. */
  by?: Split;
}

export type Split = "model" | "key" | "node";
/** What can be chosen from what was used. */
export type Choosable = Split | "member" | "project";
type Status = "ok" | "aborted" | "error";

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;
/** How many days are shown where the URL says nothing. */
const USUAL_DAYS = 30;

/** Of a URL's search part only what can be asked for; anything else is left out. */
export function readSearch(raw: Record<string, unknown>): UsageSearch {
  const from = readDay(raw["from"]);
  const to = readDay(raw["to"]);
  const model = readText(raw["model"]);
  const keyId = readText(raw["keyId"]);
  const nodeId = readText(raw["nodeId"]);
  const memberId = readText(raw["memberId"]);
  const project = readText(raw["project"]);
  const status = (["ok", "aborted", "error"] as const).find((one) => one === raw["status"]);
  const by = (["key", "node"] as const).find((one) => one === raw["by"]);
  return {
    ...(from && { from }),
    ...(to && { to }),
    ...(model && { model }),
    ...(keyId && { keyId }),
    ...(nodeId && { nodeId }),
    ...(memberId && { memberId }),
    ...(project && { project }),
    ...(status && { status }),
    ...(by && { by }),
  };
}

const readText = (value: unknown): string | null =>
  typeof value === "string" && value !== "" && value.length <= 128 ? value : null;

const readDay = (value: unknown): string | null =>
  typeof value === "string" && DAY.test(value) && !Number.isNaN(Date.parse(value)) ? value : null;

/** The days that are looked at: the last thirty, where the URL says nothing. */
export function daysOf({ from, to }: UsageSearch, today: string): { from: string; to: string } {
  const last = to ?? today;
  const first = from ?? dayOf(new Date(Date.parse(last) - (USUAL_DAYS - 1) * DAY_MS));
  return first <= last ? { from: first, to: last } : { from: last, to: last };
}

/** Every day of a range, first to last. */
export function eachDay({ from, to }: { from: string; to: string }): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) days.push(dayOf(new Date(at)));
  return days;
}

/** What the API filters the log by, and its sums. */
export const filterOf = ({ model, keyId, nodeId, memberId, project, status }: UsageSearch) => ({
  ...(model && { model }),
  ...(keyId && { keyId }),
  ...(nodeId && { nodeId }),
  ...(memberId && { memberId }),
  ...(project && { project }),
  ...(status && { status }),
});

/** The moments that the log is asked for. A log without days in the URL has no beginning. */
export const momentsOf = ({ from, to }: UsageSearch) => ({
  ...(from && { from: `${from}T00:00:00.000Z` }),
  ...(to && { until: new Date(Date.parse(to) + DAY_MS).toISOString() }),
});

/** The day that it is now, in UTC. */
export const currentDay = (): string => dayOf(new Date());

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);
