import type { FastifyInstance } from "fastify";
import { DONE, type Frame, type StreamShape } from "./chat-frames.ts";
import { answer, type Choice, newHead, type Usage, usageOf } from "./completion.ts";
import { countText, type Message } from "./count.ts";
import type { Model } from "./models.ts";
import { type Prompts, promptSchema, promptsOf, textOfPrompt, tokensOfPrompt } from "./prompts.ts";
import { type Behavior, serve } from "./serve.ts";

const USUAL_TOKENS = 16;

interface TextRequest {
  model: string;
  prompt: Prompts;
  n?: number | null;
  best_of?: number | null;
  echo?: boolean | null;
  logprobs?: number | null;
  max_tokens?: number | null;
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean } | null;
}

const choices = { type: ["integer", "null"], minimum: 1, maximum: 16 } as const;
const bodySchema = {
  type: "object",
  required: ["model", "prompt"],
  properties: {
    model: { type: "string", minLength: 1 },
    prompt: promptSchema,
    n: choices,
    best_of: choices,
    echo: { type: ["boolean", "null"] },
    logprobs: { type: ["integer", "null"], minimum: 0, maximum: 5 },
    max_tokens: { type: ["integer", "null"], minimum: 0 },
    stream: { type: ["boolean", "null"] },
  },
} as const;

/** The older way of asking for text: a prompt that is continued. */
export function completionsRoute(app: FastifyInstance, behavior: Behavior): void {
  app.post<{ Body: TextRequest }>("/v1/completions", { schema: { body: bodySchema } }, (request, reply) =>
    serve({ request, reply, behavior }, (model) => {
      const completion = continueText(request.body, model);
      const includeUsage = request.body.stream_options?.include_usage ?? false;
      return {
        body: (withUsage) => textBody(completion, withUsage),
        usage: completion.usage,
        frames: (shape) => textFrames(completion, { ...shape, includeUsage }),
      };
    }),
  );
}

interface TextCompletion {
  head: { id: string; created: number; model: string };
  /** `echo` is what comes before the answer: the prompt, or nothing. */
  choices: Array<Choice & { echo: string }>;
  withLogprobs: boolean;
  usage: Usage;
}

function continueText(request: TextRequest, model: Model): TextCompletion {
  const prompts = promptsOf(request.prompt);
  const cap = Math.min(request.max_tokens ?? USUAL_TOKENS, model.maxCompletionTokens);
  const made = prompts.map((prompt) => {
    const messages: Message[] = [{ role: "user", content: textOfPrompt(prompt) }];
    const echo = request.echo ? textOfPrompt(prompt) : "";
    const tries = Math.max(request.best_of ?? 1, request.n ?? 1);
    return Array.from({ length: tries }, (_, variant) => ({ ...answer(messages, { cap, variant }), echo }));
  });
  const promptTokens = prompts.reduce((sum, prompt) => sum + tokensOfPrompt(prompt, countText), 0);
  return {
    head: newHead("cmpl", request.model),
    choices: made.flatMap((tries) => tries.slice(0, request.n ?? 1)),
    withLogprobs: typeof request.logprobs === "number",
    usage: usageOf(promptTokens, made.flat()),
  };
}

function textBody({ head, choices: made, withLogprobs, usage }: TextCompletion, withUsage: boolean): object {
  return {
    ...head,
    object: "text_completion",
    choices: made.map(({ tokens, echo, finishReason }, index) => ({
      index,
      text: echo + tokens.join(""),
      logprobs: withLogprobs ? logprobsOf(tokens) : null,
      finish_reason: finishReason,
    })),
    ...(withUsage ? { usage } : {}),
  };
}

function* textFrames(completion: TextCompletion, shape: StreamShape): Generator<Frame> {
  const { head, choices: made, withLogprobs, usage } = completion;
  const { tokensPerChunk, includeUsage, omitUsage } = shape;
  const chunk = (list: object[], used: Usage | null) =>
    `data: ${JSON.stringify({ ...head, object: "text_completion", choices: list, ...(includeUsage ? { usage: used } : {}) })}\n\n`;
  const choice = (index: number, text: string, reason: string | null, tokens: string[] = []) =>
    chunk(
      [{ index, text, logprobs: withLogprobs && tokens.length > 0 ? logprobsOf(tokens) : null, finish_reason: reason }],
      null,
    );

  for (const [index, { echo, tokens, finishReason }] of made.entries()) {
    if (echo !== "") yield { frame: choice(index, echo, null), isContent: true };
    for (let at = 0; at < tokens.length; at += tokensPerChunk) {
      const part = tokens.slice(at, at + tokensPerChunk);
      yield { frame: choice(index, part.join(""), null, part), isContent: true };
    }
    yield { frame: choice(index, "", finishReason), isContent: false };
  }
  if (includeUsage && !omitUsage) yield { frame: chunk([], usage), isContent: false };
  yield DONE;
}

const logprobsOf = (tokens: string[]): object => ({
  tokens,
  token_logprobs: tokens.map(() => -0.25),
  top_logprobs: null,
  text_offset: tokens.map((_, at) => tokens.slice(0, at).join("").length),
});
