import { type Dispatcher, request } from "undici";

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 16_384;

/** `agent` opens connections to strangers; without one it is somebody whom the operator has named. */
export type Asked = {
  agent?: Dispatcher;
  mostBytes?: number;
  url: URL;
  method?: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string;
};

/**
 * Asks somebody else's server for a small JSON document.
 * @returns null where there is none (404)
 * @throws whatever went wrong: no answer in five seconds, another status, more than `mostBytes`, no JSON
 */
export async function getJson({
  agent,
  mostBytes = MOST_BYTES,
  url,
  method = "GET",
  headers,
  body,
}: Asked): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await request(url, {
    ...(agent && { dispatcher: agent }),
    method,
    headers: { accept: "application/json", ...headers },
    signal,
    ...(body !== undefined && { body }),
  });
  if (answer.statusCode !== 200) {
    await answer.body.dump({ limit: mostBytes, signal });
    if (answer.statusCode === 404) return null;
    throw new Error(`${url.host} answered ${answer.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw new Error(`${url.host} answered more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
