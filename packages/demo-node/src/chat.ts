import type { FastifyInstance } from "fastify";
import { chatBody, chatFrames } from "./chat-frames.ts";
import { type ChatRequest, complete } from "./completion.ts";
import { type Behavior, serve } from "./serve.ts";

const count = { type: ["integer", "null"], minimum: 1 } as const;
const part = {
  type: "object",
  required: ["type"],
  properties: { type: { type: "string" }, text: { type: "string" } },
} as const;
const tool = {
  type: "object",
  required: ["type"],
  properties: {
    type: { type: "string" },
    function: { type: "object", required: ["name"], properties: { name: { type: "string" } } },
  },
} as const;

/** What it reads; everything else a client sends (temperature, stop, …) is accepted and has no effect. */
const bodySchema = {
  type: "object",
  required: ["model", "messages"],
  properties: {
    model: { type: "string", minLength: 1 },
    messages: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["role"],
        properties: {
          role: { enum: ["system", "developer", "user", "assistant", "tool"] },
          content: { anyOf: [{ type: ["string", "null"] }, { type: "array", items: part }] },
          name: { type: "string" },
        },
      },
    },
    n: { type: ["integer", "null"], minimum: 1, maximum: 16 },
    stream: { type: ["boolean", "null"] },
    stream_options: { type: ["object", "null"], properties: { include_usage: { type: "boolean" } } },
    tools: { type: ["array", "null"], items: tool },
    response_format: { type: ["object", "null"] },
    logprobs: { type: ["boolean", "null"] },
    max_tokens: count,
    max_completion_tokens: count,
  },
} as const;

export function chatRoute(app: FastifyInstance, behavior: Behavior): void {
  app.post<{ Body: ChatRequest }>("/v1/chat/completions", { schema: { body: bodySchema } }, (request, reply) =>
    serve({ request, reply, behavior }, (model) => {
      const completion = complete(request.body, model);
      const includeUsage = request.body.stream_options?.include_usage ?? false;
      return {
        body: (withUsage) => chatBody(completion, withUsage),
        usage: completion.usage,
        frames: (shape) => chatFrames(completion, { ...shape, includeUsage }),
      };
    }),
  );
}
