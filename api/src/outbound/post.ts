import { Agent, type Dispatcher, request } from "undici";
import { InfrError } from "../errors.ts";
import { outboundConnector } from "./connector.ts";

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 16_384;
const CONNECTIONS_PER_ORIGIN = 4;

/** Connections to where others want to be told something. Redirects are never followed. */
export function openOutboundAgent({ allowPrivate }: { allowPrivate: boolean }): Agent {
  return new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    connect: outboundConnector({ allowPrivate }),
  });
}

type Post = { agent: Dispatcher; url: string; headers: Record<string, string>; body: string | Buffer };

/** What came of it: a status, or why there is none. What was answered is nobody's business. */
export type Posted = { status: number | null; error: string | null; tookMs: number; retryAfter: string | null };

/** Posts and forgets the answer. Never throws: whoever is posted to is not ours. */
export async function post({ agent, url, headers, body }: Post): Promise<Posted> {
  const startedAt = performance.now();
  const took = () => Math.round(performance.now() - startedAt);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await request(url, { dispatcher: agent, method: "POST", headers, body, signal });
    await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => {});
    const retryAfter = answer.headers["retry-after"];
    return {
      status: answer.statusCode,
      error: null,
      tookMs: took(),
      retryAfter: typeof retryAfter === "string" ? retryAfter : null,
    };
  } catch (error) {
    return { status: null, error: reasonOf(error), tookMs: took(), retryAfter: null };
  }
}

/** Few words for the owner's log: what a library says of it may name what it should not. */
function reasonOf(error: unknown): string {
  if (error instanceof InfrError) return error.code;
  const { name, code } = error as { name?: string; code?: string };
  if (name === "TimeoutError" || /TIMEOUT/.test(code ?? "")) return `no answer in ${TIMEOUT_MS / 1_000} s`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host name is not known";
  if (code === "ECONNREFUSED") return "the connection was refused";
  if (/CERT|TLS|SSL/.test(code ?? "")) return "the certificate is not valid";
  return "the connection failed";
}
