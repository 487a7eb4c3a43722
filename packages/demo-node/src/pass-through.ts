import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Dispatcher, Pool } from "undici";
import { errorBody, NodeError } from "./errors.ts";

/** Headers that belong to one connection (RFC 9110, 7.6.1), and those the client of the next one sets itself. */
const ownHeaders = new Set(
  "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade host content-length expect".split(
    " ",
  ),
);

/** Hands every `/v1` request to a real server and its bytes back as they come; a client that leaves cancels it. */
export function passThrough(app: FastifyInstance, upstream: URL): void {
  const pool = new Pool(upstream.origin, { headersTimeout: 300_000, bodyTimeout: 300_000 });
  const prefix = upstream.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  app.addHook("onClose", () => pool.destroy());

  app.get("/health", async (_request, reply) => {
    const probe = await pool.request({ method: "GET", path: `${prefix}/v1/models`, headersTimeout: 5_000 });
    await probe.body.dump();
    return reply.code(probe.statusCode < 500 ? 200 : 503).send({ status: "ok", upstream: upstream.href });
  });
  app.all("/v1/*", async (request, reply) => {
    const answer = await forward({ request, reply, pool, prefix });
    reply.code(answer.statusCode).headers(kept(answer.headers));
    return reply.send(answer.body);
  });
  app.setErrorHandler((error: Error, _request, reply) => {
    if (error instanceof NodeError) return reply.code(error.status).send(errorBody(error));
    const message = `The server behind this node (${upstream.origin}) did not answer: ${error.message}`;
    return reply.code(502).send(errorBody({ status: 502, code: "upstream_unreachable", message }));
  });
}

interface Forward {
  request: FastifyRequest;
  reply: FastifyReply;
  pool: Pool;
  prefix: string;
}

function forward({ request, reply, pool, prefix }: Forward): Promise<Dispatcher.ResponseData> {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return pool.request({
    method: request.method,
    path: prefix + request.url,
    headers: kept(request.headers),
    body: (request.body as Dispatcher.DispatchOptions["body"]) ?? null,
    signal: gone.signal,
  });
}

function kept(headers: Record<string, string | string[] | undefined>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || ownHeaders.has(name) ? [] : [[name, value]],
    ),
  );
}
