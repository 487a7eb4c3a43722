import createClient from "openapi-fetch";
import type { paths } from "./api-types.ts";
import { ApiError } from "./errors.ts";

/** The one typed client: same origin, session cookie, no hand-written fetch anywhere else. */
export const api = createClient<paths>({ baseUrl: window.location.origin });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a successful answer, or a thrown {@link ApiError}. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer.catch((cause: unknown) => {
    throw ApiError.unreachable(cause);
  });
  if (!response.ok) throw ApiError.from(response.status, error);
  return data as T;
}

type Success<Path extends keyof paths, Method extends string> =
  paths[Path] extends Record<Method, { responses: { 200: { content: { "application/json": infer Body } } } }>
    ? Body
    : never;

export type Config = Success<"/api/config", "get">;
export type Account = Success<"/api/account", "get">["account"];
export type Balance = Success<"/api/balance", "get">;
export type Deposit = Success<"/api/deposits", "get">["deposits"][number];
export type ApiKey = Success<"/api/keys", "get">["keys"][number];
export type UsageRow = Success<"/api/usage", "get">["usage"][number];
export type Model = Success<"/v1/models", "get">["data"][number];
