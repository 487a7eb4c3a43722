import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { answerJson } from "../../../inference/answer-json.ts";
import { answerStream } from "../../../inference/answer-stream.ts";
import { type RunningChat, startChat } from "../../../inference/chat.ts";
import { readChatRequest } from "../../../inference/chat-request.ts";
import type { Routes, Services } from "../../services.ts";

export function chatRoutes(app: Routes, services: Services): void {
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
    },
    async (request, reply) => {
      const caller = await services.keyRing.authenticate(request.headers.authorization);
      const chat = await startChat(services.inference, {
        caller,
        request: readChatRequest(request.body),
        signal: request.signal,
      });
      describe(reply, chat);
      return chat.request.stream ? stream(request, reply, chat) : answerJson(chat);
    },
  );
}

function describe(reply: FastifyReply, chat: RunningChat): void {
  void reply.header("x-request-id", chat.requestId);
  void reply.header("x-infr-node", chat.offer.nodeId);
  if (chat.lowered) void reply.header("x-infr-max-tokens", String(chat.maxTokens));
}

function stream(request: FastifyRequest, reply: FastifyReply, chat: RunningChat): FastifyReply {
  return reply
    .header("content-type", "text/event-stream; charset=utf-8")
    .header("cache-control", "no-cache, no-transform")
    .header("x-accel-buffering", "no")
    .send(Readable.from(answerStream(chat, request.signal), { objectMode: false, highWaterMark: 65_536 }));
}
