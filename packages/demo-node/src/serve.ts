import type { FastifyReply, FastifyRequest } from "fastify";
import type { Frame } from "./chat-frames.ts";
import { NodeError } from "./errors.ts";
import { type Faults, parseFaults, splitModel } from "./faults.ts";
import { findModel, type Model, models } from "./models.ts";
import { cut, sendStream } from "./send-stream.ts";

export interface Behavior {
  delayMs: number;
  tokensPerChunk: number;
  faults: Faults;
}

/** An answer that is decided, both ways of giving it; without frames it can't be streamed. */
export interface Served {
  body: (withUsage: boolean) => object;
  frames?: (shape: { tokensPerChunk: number; omitUsage: boolean }) => Iterable<Frame>;
  usage: Record<string, unknown>;
}

type Asked = FastifyRequest<{ Body: { model: string; stream?: boolean | null } }>;

/** Answers, with the faults that are asked for: the same for everything that a node can be asked. */
export async function serve(
  { request, reply, behavior }: { request: Asked; reply: FastifyReply; behavior: Behavior },
  decide: (model: Model) => Served,
): Promise<FastifyReply> {
  const { id, faults: suffix } = splitModel(request.body.model);
  const faults = { ...behavior.faults, ...headerFaults(request), ...suffix };
  const model = findModel(id);
  if (!model) throw unknownModel(id);
  if (faults.status) {
    throw new NodeError({ status: faults.status, code: "demo_fault", message: "The node fails on purpose." });
  }
  const { body, frames, usage } = decide(model);
  if (faults.lie) exaggerate(usage, faults.lie);
  if (request.body.stream && frames) {
    reply.hijack();
    await sendStream(reply.raw, {
      frames: frames({ tokensPerChunk: behavior.tokensPerChunk, omitUsage: faults.noUsage ?? false }),
      delayMs: behavior.delayMs,
      drop: faults.drop,
      garbage: faults.garbage,
    });
    return reply;
  }
  if (faults.garbage !== undefined) return reply.type("application/json").send("{not json");
  if (faults.drop === undefined) return reply.send(body(!faults.noUsage));
  reply.hijack();
  cut(reply.raw);
  return reply;
}

/** In place: the answer that is decided carries it. */
function exaggerate(usage: Record<string, unknown>, times: number): void {
  for (const [name, value] of Object.entries(usage)) if (typeof value === "number") usage[name] = value * times;
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
