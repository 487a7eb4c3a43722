import { PassThrough } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { answerJson } from "../../../inference/answer-json.ts";
import { answerStream } from "../../../inference/answer-stream.ts";
import { readChatRequest } from "../../../inference/chat-request.ts";
import { readCompletionsRequest } from "../../../inference/completions-request.ts";
import { readEmbeddingsRequest } from "../../../inference/embeddings-request.ts";
import type { InferenceRequest } from "../../../inference/request.ts";
import { type Run, startRun } from "../../../inference/run.ts";
import { callerOf, failedKeysOf, setCaller } from "../../rate-limits.ts";
import type { Routes, Services } from "../../services.ts";

const MAX_BODY_BYTES = 20 * 1_048_576;
const BUFFERED_BYTES = 16_384;
const SIGNAL = "leavingSignal";

/** Where something can be asked of a model. All of them hold, ask, answer and bill in the same way. */
type Surface = { path: string; summary: string; read: (body: unknown) => InferenceRequest };

const SURFACES: Surface[] = [
  {
    path: "/v1/chat/completions",
    summary: "Create a chat completion (OpenAI's API; unknown fields pass through)",
    read: readChatRequest,
  },
  {
    path: "/v1/completions",
    summary: "Continue a text (OpenAI's older API; unknown fields pass through)",
    read: readCompletionsRequest,
  },
  {
    path: "/v1/embeddings",
    summary: "Turn texts into vectors (OpenAI's API; unknown fields pass through); only the prompt is billed",
    read: readEmbeddingsRequest,
  },
];

export function inferenceRoutes(app: Routes, services: Services): void {
  app.decorateRequest(SIGNAL, null);
  for (const surface of SURFACES) addRoute(app, services, surface);
}

function addRoute(app: Routes, { keyRing, inference }: Services, { path, summary, read }: Surface): void {
  app.post(
    path,
    {
      schema: {
        tags: ["Inference"],
        summary,
        // Read by hand: a validator that coerces or strips would change what the node gets.
        body: Type.Unknown(),
        security: [{ key: [] }],
      },
      bodyLimit: MAX_BODY_BYTES,
      // Before the body is read: strangers can't make us parse 20 MiB.
      onRequest: async (request, reply) => {
        // Before anything is awaited: a client that leaves meanwhile would go unnoticed.
        request.setDecorator(SIGNAL, leavingSignal(reply));
        setCaller(request, await keyRing.authenticate(request.headers.authorization, failedKeysOf(request)));
      },
    },
    async (request, reply) => {
      const run = await startRun(inference, {
        caller: callerOf(request),
        request: read(request.body),
        signal: request.getDecorator<AbortSignal>(SIGNAL),
      });
      describe(reply, run);
      return run.request.stream ? stream(request, reply, run) : answerJson(run);
    },
  );
}

/** Aborts when the connection ends. Fastify's `request.signal` won't do: it aborts once the body was read. */
function leavingSignal({ raw }: FastifyReply): AbortSignal {
  if (raw.destroyed || raw.socket?.destroyed) return AbortSignal.abort();
  const leaving = new AbortController();
  raw.once("close", () => leaving.abort());
  return leaving.signal;
}

function describe(reply: FastifyReply, run: Run): void {
  void reply.header("x-request-id", run.requestId);
  void reply.header("x-infr-node", run.offer.nodeId);
  if (run.lowered) void reply.header("x-infr-max-tokens", String(run.maxTokens));
}

function stream(request: FastifyRequest, reply: FastifyReply, run: Run): FastifyReply {
  const frames = new PassThrough({ highWaterMark: BUFFERED_BYTES });
  answerStream(run, frames).catch((error: unknown) => {
    request.log.error({ err: error, requestId: run.requestId }, "a broken off stream could not be billed");
  });
  return reply
    .header("content-type", "text/event-stream; charset=utf-8")
    .header("cache-control", "no-cache, no-transform")
    .header("x-accel-buffering", "no")
    .send(frames);
}
