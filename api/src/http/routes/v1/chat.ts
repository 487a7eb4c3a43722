import { PassThrough } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { KeyOwner } from "../../../auth/api-keys.ts";
import { answerJson } from "../../../inference/answer-json.ts";
import { answerStream } from "../../../inference/answer-stream.ts";
import { type RunningChat, startChat } from "../../../inference/chat.ts";
import { readChatRequest } from "../../../inference/chat-request.ts";
import type { Routes, Services } from "../../services.ts";

const MAX_BODY_BYTES = 20 * 1_048_576;
const BUFFERED_BYTES = 16_384;
const CALLER = "chatCaller";
const SIGNAL = "chatSignal";

export function chatRoutes(app: Routes, services: Services): void {
  app.decorateRequest(CALLER, null);
  app.decorateRequest(SIGNAL, null);
  app.post(
    "/v1/chat/completions",
    {
      schema: {
        tags: ["Inference"],
        summary: "Create a chat completion (OpenAI's API; unknown fields pass through)",
        // Read by hand: a validator that coerces or strips would change what the node gets.
        body: Type.Unknown(),
        security: [{ key: [] }],
      },
      bodyLimit: MAX_BODY_BYTES,
      // Before the body is read: strangers can't make us parse 20 MiB.
      onRequest: async (request, reply) => {
        // Before anything is awaited: a client that leaves meanwhile would go unnoticed.
        request.setDecorator(SIGNAL, leavingSignal(reply));
        request.setDecorator(CALLER, await services.keyRing.authenticate(request.headers.authorization));
      },
    },
    async (request, reply) => {
      const chat = await startChat(services.inference, {
        caller: request.getDecorator<KeyOwner>(CALLER),
        request: readChatRequest(request.body),
        signal: request.getDecorator<AbortSignal>(SIGNAL),
      });
      describe(reply, chat);
      return chat.request.stream ? stream(request, reply, chat) : answerJson(chat);
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

function describe(reply: FastifyReply, chat: RunningChat): void {
  void reply.header("x-request-id", chat.requestId);
  void reply.header("x-infr-node", chat.offer.nodeId);
  if (chat.lowered) void reply.header("x-infr-max-tokens", String(chat.maxTokens));
}

function stream(request: FastifyRequest, reply: FastifyReply, chat: RunningChat): FastifyReply {
  const frames = new PassThrough({ highWaterMark: BUFFERED_BYTES });
  answerStream(chat, frames).catch((error: unknown) => {
    request.log.error({ err: error, requestId: chat.requestId }, "a broken off stream could not be billed");
  });
  return reply
    .header("content-type", "text/event-stream; charset=utf-8")
    .header("cache-control", "no-cache, no-transform")
    .header("x-accel-buffering", "no")
    .send(frames);
}
