import { timeOfId } from "../../ids.ts";
import { type Block, BlockReader, firstChoice } from "../blocks.ts";
import type { Presented, Presenter, StreamPresenter } from "../request.ts";
import type { ResponseUsage } from "../response-usage.ts";
import { namedFrame } from "../sse.ts";
import { LogprobReader } from "./logprobs.ts";
import { incompleteReason, itemOf, responseObject, usageOf } from "./response-object.ts";
import { type StreamEvent, startEvents, stepEvents } from "./stream-events.ts";

type Fields = Record<string, unknown>;

/** Words a chat's answer as OpenAI's Responses do. `asked` is what the client sent. */
export const presentResponses = (asked: Fields): Presenter => ({
  answer: (answer, presented) => {
    const choice = firstChoice(answer);
    const reader = new BlockReader(presented.requestId);
    reader.read(choice["message"], new LogprobReader(asked).read(choice));
    return finished(asked, { ...presented, blocks: reader.blocks, finishReason: choice["finish_reason"] });
  },
  stream: (requestId) => new ResponsesStream(asked, requestId),
});

/** The events of one streamed response, in OpenAI's order, numbered from 0. */
class ResponsesStream implements StreamPresenter {
  readonly #asked: Fields;
  readonly #requestId: string;
  readonly #reader: BlockReader;
  readonly #logprobs: LogprobReader;
  #finishReason: unknown = null;
  #sequence = 0;

  constructor(asked: Fields, requestId: string) {
    this.#asked = asked;
    this.#requestId = requestId;
    this.#reader = new BlockReader(requestId);
    this.#logprobs = new LogprobReader(asked);
  }

  chunk(chunk: Fields): string {
    const choice = firstChoice(chunk);
    this.#finishReason = choice["finish_reason"] ?? this.#finishReason;
    const steps = this.#reader.read(choice["delta"], this.#logprobs.read(choice));
    return this.#started() + this.#frames(stepEvents(steps, this.#requestId));
  }

  end(usage: ResponseUsage): string {
    const last = stepEvents(this.#reader.end(), this.#requestId, incompleteReason(this.#finishReason) !== null);
    const response = finished(this.#asked, {
      requestId: this.#requestId,
      usage,
      blocks: this.#reader.blocks,
      finishReason: this.#finishReason,
    });
    return this.#started() + this.#frames([...last, { type: `response.${String(response["status"])}`, response }]);
  }

  failure({ code, message }: { code: string; message: string }): string {
    return this.#frames([{ type: "error", code, message, param: null }]);
  }

  #started(): string {
    if (this.#sequence > 0) return "";
    const createdAt = secondsOf(this.#requestId);
    const facts = { requestId: this.#requestId, createdAt, status: "in_progress" as const, output: [] };
    return this.#frames(startEvents(responseObject(this.#asked, facts)));
  }

  #frames(events: StreamEvent[]): string {
    return events
      .map((event) => namedFrame(event.type, JSON.stringify({ ...event, sequence_number: this.#sequence++ })))
      .join("");
  }
}

function finished(
  asked: Fields,
  { requestId, usage, blocks, finishReason }: Presented & { blocks: Block[]; finishReason: unknown },
): Fields {
  const reason = incompleteReason(finishReason);
  const status = reason === null ? "completed" : "incomplete";
  const output = blocks.map((block) => itemOf(block, requestId, block === blocks.at(-1) ? status : "completed"));
  const facts = { requestId, createdAt: secondsOf(requestId), status, output, reason } as const;
  return { ...responseObject(asked, facts), usage: usageOf(usage) };
}

const secondsOf = (requestId: string): number => Math.floor(timeOfId(requestId).getTime() / 1000);
