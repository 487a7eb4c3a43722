import type { Choice, Completion, Usage } from "./completion.ts";

/** Whole answers and streams of chat completions, in OpenAI's words. */
export function chatBody({ head, choices, withLogprobs, usage }: Completion, withUsage: boolean): object {
  return {
    ...head,
    object: "chat.completion",
    choices: choices.map((choice, index) => ({
      index,
      message: messageOf(choice),
      logprobs: withLogprobs ? logprobsOf(choice.tokens) : null,
      finish_reason: choice.finishReason,
    })),
    ...(withUsage ? { usage } : {}),
  };
}

function messageOf({ tokens, call }: Choice): object {
  const text = tokens.join("");
  if (!call) return { role: "assistant", content: text, refusal: null };
  const called = { id: call.id, type: "function", function: { name: call.name, arguments: text } };
  return { role: "assistant", content: null, refusal: null, tool_calls: [called] };
}

export interface StreamShape {
  tokensPerChunk: number;
  /** As asked by `stream_options.include_usage`. */
  includeUsage: boolean;
  /** A fault: the frame that was asked for does not come. */
  omitUsage: boolean;
}

/** One event of a stream; `isContent` marks those a fault may count. */
export interface Frame {
  frame: string;
  isContent: boolean;
}

export const DONE: Frame = { frame: "data: [DONE]\n\n", isContent: false };

/** The frames of a stream, in order; several choices take turns. */
export function* chatFrames(completion: Completion, shape: StreamShape): Generator<Frame> {
  const { head, choices, withLogprobs, usage } = completion;
  const { tokensPerChunk, includeUsage, omitUsage } = shape;
  const chunk = (list: object[], used: Usage | null) =>
    `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: list, ...(includeUsage ? { usage: used } : {}) })}\n\n`;
  const choice = (index: number, { delta, tokens, reason = null }: Part) => {
    const logprobs = withLogprobs && tokens ? logprobsOf(tokens) : null;
    return chunk([{ index, delta, logprobs, finish_reason: reason }], null);
  };

  for (const [index, { call }] of choices.entries()) {
    yield { frame: choice(index, { delta: openingOf(call) }), isContent: false };
  }
  const longest = Math.max(...choices.map(({ tokens }) => tokens.length));
  for (let at = 0; at < longest; at += tokensPerChunk) {
    for (const [index, { call, tokens }] of choices.entries()) {
      const part = tokens.slice(at, at + tokensPerChunk);
      if (part.length > 0) {
        yield { frame: choice(index, { delta: deltaOf(call, part.join("")), tokens: part }), isContent: true };
      }
    }
  }
  for (const [index, { finishReason }] of choices.entries()) {
    yield { frame: choice(index, { delta: {}, reason: finishReason }), isContent: false };
  }
  if (includeUsage && !omitUsage) yield { frame: chunk([], usage), isContent: false };
  yield DONE;
}

interface Part {
  delta: object;
  tokens?: string[];
  reason?: string | null;
}

const openingOf = (call: Choice["call"]): object =>
  call
    ? {
        role: "assistant",
        content: null,
        tool_calls: [{ index: 0, id: call.id, type: "function", function: { name: call.name, arguments: "" } }],
      }
    : { role: "assistant", content: "" };

const deltaOf = (call: Choice["call"], text: string): object =>
  call ? { tool_calls: [{ index: 0, function: { arguments: text } }] } : { content: text };

const logprobsOf = (tokens: string[]): object => ({
  content: tokens.map((token) => ({ token, logprob: -0.25, bytes: [...Buffer.from(token)], top_logprobs: [] })),
  refusal: null,
});
