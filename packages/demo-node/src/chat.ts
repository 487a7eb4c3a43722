import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type ChatRequest, complete, completionBody, streamFrames } from "./completion.ts";
import { NodeError } from "./errors.ts";
import { type Faults, parseFaults, splitModel } from "./faults.ts";
import { findModel, models } from "./models.ts";
import { cut, sendStream } from "./send-stream.ts";

export interface Behavior {
  delayMs: number;
  tokensPerChunk: number;
  faults: Faults;
}

const count = { type: ["integer", "null"], minimum: 1 } as const;
const textPart = {
  type: "object",
  required: ["type", "text"],
  properties: { type: { const: "text" }, text: { type: "string" } },
} as const;

/** What it reads; everything else a client sends (temperature, tools, …) is accepted and has no effect. */
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
          content: { anyOf: [{ type: ["string", "null"] }, { type: "array", items: textPart }] },
          name: { type: "string" },
        },
      },
    },
    n: { type: ["integer", "null"], minimum: 1, maximum: 1 },
    stream: { type: ["boolean", "null"] },
    stream_options: { type: ["object", "null"], properties: { include_usage: { type: "boolean" } } },
    max_tokens: count,
    max_completion_tokens: count,
  },
} as const;

export function chatRoute(app: FastifyInstance, behavior: Behavior): void {
  app.post<{ Body: ChatRequest }>("/v1/chat/completions", { schema: { body: bodySchema } }, (request, reply) =>
    answer(request, reply, behavior),
  );
}

async function answer(
  request: FastifyRequest<{ Body: ChatRequest }>,
  reply: FastifyReply,
  behavior: Behavior,
): Promise<FastifyReply> {
  const { id, faults: suffix } = splitModel(request.body.model);
  const faults = { ...behavior.faults, ...headerFaults(request), ...suffix };
  const model = findModel(id);
  if (!model) throw unknownModel(id);
  if (faults.status) {
    throw new NodeError({ status: faults.status, code: "demo_fault", message: "The node fails on purpose." });
  }
  const completion = complete(request.body, model);
  if (!request.body.stream && faults.drop === undefined) {
    return reply.send(completionBody(completion, !faults.noUsage));
  }
  reply.hijack();
  if (!request.body.stream) {
    cut(reply.raw);
    return reply;
  }
  const includeUsage = request.body.stream_options?.include_usage ?? false;
  const shape = { tokensPerChunk: behavior.tokensPerChunk, includeUsage, omitUsage: faults.noUsage ?? false };
  await sendStream(reply.raw, {
    frames: streamFrames(completion, shape),
    delayMs: behavior.delayMs,
    drop: faults.drop,
  });
  return reply;
}

function headerFaults({ headers }: FastifyRequest): Faults {
  const header = headers["x-demo-fault"];
  return header === undefined ? {} : parseFaults(String(header));
}

function unknownModel(id: string): NodeError {
  const known = models.map((model) => model.id).join(", ");
  return new NodeError({
    status: 404,
    code: "model_not_found",
    param: "model",
    message: `The model ${id} does not exist. This node serves ${known}.`,
  });
}
