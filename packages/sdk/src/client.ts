import createFetchClient, { type Client as FetchClient } from "openapi-fetch";
import type { paths } from "./openapi.ts";

/** A client whose paths, parameters and answers are those of the API's OpenAPI document. */
export type Client = FetchClient<paths>;

/**
 * Opens a client for an infr API. `baseUrl` is the origin, without `/v1`; pass `fetch` where there is no browser to
 * keep the session's cookie.
 */
export const createClient = ({
  baseUrl,
  fetch,
}: {
  baseUrl: string;
  fetch?: (request: Request) => Promise<Response>;
}): Client => createFetchClient<paths>({ baseUrl, ...(fetch ? { fetch } : {}) });
