import type { Block, Step } from "../blocks.ts";
import { itemId, itemOf, partOf } from "./response-object.ts";

/** An event of a streamed response, without its number. */
export type StreamEvent = { type: string } & Record<string, unknown>;

export const startEvents = (response: Record<string, unknown>): StreamEvent[] => [
  { type: "response.created", response },
  { type: "response.in_progress", response },
];

/** What OpenAI's Responses say when a block begins, grows and ends. */
export const stepEvents = (steps: Step[], requestId: string, isCutOff = false): StreamEvent[] =>
  steps.flatMap((step) => {
    if (step.type === "begin") return begin(step.block, requestId);
    if (step.type === "end") return end(step.block, requestId, isCutOff);
    return [delta(step, requestId)];
  });

const NAMES = {
  reasoning: "reasoning_text",
  text: "output_text",
  refusal: "refusal",
  call: "function_call_arguments",
};

const delta = ({ block, text, logprobs }: Step & { type: "add" }, requestId: string): StreamEvent => ({
  type: `response.${NAMES[block.kind]}.delta`,
  ...placeOf(block, requestId),
  delta: text,
  ...(block.kind === "text" ? { logprobs } : {}),
});

function begin(block: Block, requestId: string): StreamEvent[] {
  const empty = { ...block, text: "", logprobs: [] };
  const item = itemOf(empty, requestId, "in_progress");
  const added: StreamEvent = { type: "response.output_item.added", output_index: block.index, item };
  if (block.kind === "call") return [added];
  return [added, { type: "response.content_part.added", ...placeOf(block, requestId), part: partOf(empty) }];
}

function end(block: Block, requestId: string, isCutOff: boolean): StreamEvent[] {
  const place = placeOf(block, requestId);
  const item = itemOf(block, requestId, isCutOff ? "incomplete" : "completed");
  const done: StreamEvent = { type: "response.output_item.done", output_index: block.index, item };
  const written = `response.${NAMES[block.kind]}.done`;
  if (block.kind === "call") {
    return [{ type: written, ...place, name: block.name, arguments: block.text }, done];
  }
  const text = block.kind === "refusal" ? { refusal: block.text } : { text: block.text };
  return [
    { type: written, ...place, ...text, ...(block.kind === "text" ? { logprobs: block.logprobs } : {}) },
    { type: "response.content_part.done", ...place, part: partOf(block) },
    done,
  ];
}

/** Where an event belongs: calls have no parts. */
const placeOf = (block: Block, requestId: string): Record<string, unknown> => ({
  item_id: itemId(block, requestId),
  output_index: block.index,
  ...(block.kind === "call" ? {} : { content_index: 0 }),
});
