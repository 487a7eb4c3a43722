import { BlockReader, firstChoice, type Step } from "../blocks.ts";
import type { Presenter, StreamPresenter } from "../request.ts";
import type { ResponseUsage } from "../response-usage.ts";
import { namedFrame } from "../sse.ts";
import { contentOf, emptyMessage, stopOf, usageOf } from "./message-object.ts";

type Fields = Record<string, unknown>;

/** Words a chat's answer as Anthropic's Messages do. */
export const presentMessages = (model: string): Presenter => ({
  answer: (answer, { requestId, usage }) => {
    const choice = firstChoice(answer);
    const reader = new BlockReader(requestId);
    reader.read(choice["message"]);
    return {
      ...emptyMessage(requestId, model),
      content: reader.blocks.map(contentOf),
      ...stopOf(choice, reader.blocks),
      usage: usageOf(usage),
    };
  },
  stream: (requestId) => new MessagesStream(requestId, model),
});

/** The events of one streamed message, in Anthropic's order. */
class MessagesStream implements StreamPresenter {
  readonly #requestId: string;
  readonly #model: string;
  readonly #reader: BlockReader;
  #hasStarted = false;
  /** The choice that told how the answer ended. */
  #last: Fields = {};

  constructor(requestId: string, model: string) {
    this.#requestId = requestId;
    this.#model = model;
    this.#reader = new BlockReader(requestId);
  }

  chunk(chunk: Fields): string {
    const choice = firstChoice(chunk);
    if (typeof choice["finish_reason"] === "string") this.#last = choice;
    const steps = this.#reader.read(choice["delta"]);
    return this.#started() + steps.map(eventOf).map(frame).join("");
  }

  end(usage: ResponseUsage): string {
    const delta = stopOf(this.#last, this.#reader.blocks);
    const closing = [...this.#reader.end().map(eventOf), { type: "message_delta", delta, usage: usageOf(usage) }];
    return this.#started() + [...closing, { type: "message_stop" }].map(frame).join("");
  }

  failure({ message }: { message: string }): string {
    return frame({ type: "error", error: { type: "api_error", message }, request_id: this.#requestId });
  }

  #started(): string {
    if (this.#hasStarted) return "";
    this.#hasStarted = true;
    return frame({ type: "message_start", message: emptyMessage(this.#requestId, this.#model) });
  }
}

type StreamEvent = { type: string } & Fields;

const frame = (event: StreamEvent): string => namedFrame(event.type, JSON.stringify(event));

function eventOf(step: Step): StreamEvent {
  const { index } = step.block;
  if (step.type === "begin") {
    return { type: "content_block_start", index, content_block: contentOf({ ...step.block, text: "" }) };
  }
  if (step.type === "end") return { type: "content_block_stop", index };
  return { type: "content_block_delta", index, delta: deltaOf(step) };
}

function deltaOf({ block, text }: { block: { kind: string }; text: string }): Fields {
  if (block.kind === "call") return { type: "input_json_delta", partial_json: text };
  if (block.kind === "reasoning") return { type: "thinking_delta", thinking: text };
  return { type: "text_delta", text };
}
