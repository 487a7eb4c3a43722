import { readFile, writeFile } from "node:fs/promises";
import { MalformedFileError } from "../verify/errors.ts";
import { type Request, UsageError } from "./options.ts";

const PAGE = 1_000;
const MAX_PAGES = 100_000;
const TIMEOUT_MS = 60_000;

/** Reads a file's JSON. @throws UsageError if it can't be read, MalformedFileError if it is no JSON */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new UsageError(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  return parse(text);
}

/** An answer of the API. The key has to be a management key of the account: it reads, it can't spend. @throws UsageError */
export async function fetchJson({ api, apiKey }: Request, path: string): Promise<Record<string, unknown>> {
  if (api === undefined) throw new UsageError("Say which API to get it from: --api URL, or INFR_API; or name a file.");
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const response = await fetch(new URL(path, api), { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const body = parse(await response.text());
  if (response.ok && typeof body === "object" && body !== null) return { ...body };
  const { detail } = (body ?? {}) as { detail?: string };
  const hint = response.status === 401 ? " Set INFR_API_KEY to a management key." : "";
  throw new UsageError(`${api} answered ${response.status} to ${path}: ${detail ?? "no reason given"}${hint}`);
}

/** All pages of an answer in one: what its lists have, and what its first page says besides. */
export async function fetchPages(
  request: Request,
  { path, lists }: { path: string; lists: readonly string[] },
): Promise<Record<string, unknown>> {
  const whole = await fetchJson(request, `${path}?limit=${PAGE}`);
  const all = new Map(lists.map((name) => [name, [...listOf(whole, name)]]));
  for (let page = 1, cursor = whole["nextCursor"]; typeof cursor === "string" && page < MAX_PAGES; page += 1) {
    const next = await fetchJson(request, `${path}?limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`);
    for (const [name, items] of all) items.push(...listOf(next, name));
    cursor = next["nextCursor"];
    whole["nextCursor"] = cursor;
  }
  // Pages name the same prices again.
  for (const [name, items] of all) whole[name] = [...new Set(items)];
  return whole;
}

function listOf(page: Record<string, unknown>, name: string): unknown[] {
  const found = page[name];
  if (!Array.isArray(found)) throw new MalformedFileError(name, "a list");
  return found;
}

/** Keeps what was fetched, where the user wants it. */
export async function save({ save: path }: Request, file: unknown): Promise<void> {
  if (path !== undefined) await writeFile(path, `${JSON.stringify(file, null, 2)}\n`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedFileError("", "JSON");
  }
}
