import type { AddressInfo } from "node:net";
import Fastify, { type FastifyError, type FastifyInstance } from "fastify";
import { chatRoute } from "./chat.ts";
import { embeddingsRoute } from "./embeddings.ts";
import { errorBody, NodeError } from "./errors.ts";
import type { Faults } from "./faults.ts";
import { models } from "./models.ts";
import { passThrough } from "./pass-through.ts";
import type { Behavior } from "./serve.ts";
import { completionsRoute } from "./text-completion.ts";

export type { Faults } from "./faults.ts";

export interface DemoNodeOptions {
  /** 0 or nothing: a free one. */
  port?: number;
  host?: string;
  /** Pause after each content chunk of a stream. */
  delayMs?: number;
  tokensPerChunk?: number;
  /** Faults of every request; the header `x-demo-fault` and a model suffix add to them. */
  faults?: Faults;
  /** A real OpenAI-compatible server to pass everything through to. */
  upstream?: string;
}

export interface DemoNode {
  /** The origin, without `/v1`. */
  url: string;
  /** Replaces the faults of the requests to come. */
  setFaults: (faults: Faults) => void;
  stop: () => Promise<void>;
}

/** Starts an OpenAI-compatible server whose answers are made up and whose token counts are real. */
export async function startDemoNode(options: DemoNodeOptions = {}): Promise<DemoNode> {
  const { port = 0, host = "127.0.0.1", delayMs = 0, tokensPerChunk = 1, faults = {}, upstream } = options;
  const behavior = { delayMs, tokensPerChunk, faults };
  const app = Fastify({
    bodyLimit: 16 * 1024 * 1024,
    forceCloseConnections: true,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true } },
  });
  if (upstream) passThrough(app, new URL(upstream));
  else serveDemo(app, behavior);
  await app.listen({ port, host });
  const { port: actual } = app.server.address() as AddressInfo;
  return {
    url: `http://${host}:${actual}`,
    setFaults: (next) => {
      behavior.faults = next;
    },
    stop: () => app.close(),
  };
}

function serveDemo(app: FastifyInstance, behavior: Behavior): void {
  const created = Math.floor(Date.now() / 1000);
  app.get("/health", () => ({ status: "ok" }));
  app.get("/v1/models", () => ({
    object: "list",
    data: models.map(({ id, contextLength, maxCompletionTokens }) => ({
      id,
      object: "model",
      created,
      owned_by: "infr",
      context_length: contextLength,
      max_completion_tokens: maxCompletionTokens,
    })),
  }));
  chatRoute(app, behavior);
  completionsRoute(app, behavior);
  embeddingsRoute(app, behavior);
  app.setNotFoundHandler((request, reply) => {
    const message = `There is no ${request.method} ${request.url} here.`;
    return reply.code(404).send(errorBody({ status: 404, code: "not_found", message }));
  });
  app.setErrorHandler((error: FastifyError | NodeError, _request, reply) => {
    if (error instanceof NodeError) return reply.code(error.status).send(errorBody(error));
    const status = error.statusCode ?? 500;
    const code = status < 500 ? "invalid_request" : "internal_error";
    return reply.code(status).send(errorBody({ status, code, message: error.message }));
  });
}
