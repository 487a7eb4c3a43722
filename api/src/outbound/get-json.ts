import { type Dispatcher, request } from "undici";

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 16_384;

/** What somebody else's server has answered: 404 is an answer, null; anything but JSON is none. */
export type Asked = {
  agent: Dispatcher;
  url: URL;
  method?: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string;
};

/**
 * Asks somebody else's server for a small JSON document.
 * @returns null where there is none (404)
 * @throws whatever went wrong: no answer in five seconds, another status, more than 16 KB, no JSON
 */
export async function getJson({ agent, url, method = "GET", headers, body }: Asked): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await request(url, {
    dispatcher: agent,
    method,
    headers: { accept: "application/json", ...headers },
    signal,
    ...(body !== undefined && { body }),
  });
  if (answer.statusCode !== 200) {
    await answer.body.dump({ limit: MAX_BYTES, signal });
    if (answer.statusCode === 404) return null;
    throw new Error(`${url.host} answered ${answer.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`${url.host} answered more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
