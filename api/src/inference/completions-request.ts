import { InvalidInputError } from "../errors.ts";
import { completionsApi } from "./node-api.ts";
import { passThrough } from "./pass-through.ts";
import { bytesOf, MAX_CHOICES, readCommon, wholeNumber } from "./read-fields.ts";
import { readPrompts } from "./read-prompts.ts";
import type { InferenceRequest } from "./request.ts";

/** What a completion gets that does not say how long it may be (OpenAI's API reference, Completions). */
const USUAL_TOKENS = 16;

/** Reads a request for a text completion; fields that we don't know pass through. @throws InvalidInputError */
export function readCompletionsRequest(input: unknown): InferenceRequest {
  const { body, model, stream } = readCommon(input);
  const { max_tokens: maxTokens, ...rest } = body;
  const prompts = readPrompts(rest["prompt"] ?? "", "prompt");
  const given = wholeNumber({ value: rest["n"], name: "n", most: MAX_CHOICES }) ?? 1;
  const made = wholeNumber({ value: rest["best_of"], name: "best_of", least: given, most: MAX_CHOICES }) ?? given;
  if (stream && made > given) {
    throw new InvalidInputError("best_of can't be streamed: the best is known at the end. Leave out one.", "best_of");
  }
  if (rest["echo"] === true && prompts.ids > 0) {
    throw new InvalidInputError(
      "echo can't be told from the answer when the prompt is token ids. Send it as text.",
      "echo",
    );
  }
  const suffix = typeof rest["suffix"] === "string" ? rest["suffix"] : "";
  return {
    api: completionsApi,
    model,
    body: { ...rest, ...(stream ? { stream_options: { include_usage: true } } : {}) },
    bodyBytes: bytesOf(body),
    stream,
    choices: made * prompts.count,
    shownChoices: given * prompts.count,
    echoes: rest["echo"] === true ? given : 0,
    maxTokens: wholeNumber({ value: maxTokens, name: "max_tokens", least: 0 }) ?? USUAL_TOKENS,
    limitField: "max_tokens",
    parts: prompts.count,
    promptText: () => prompts.text + suffix,
    promptIds: prompts.ids,
    hasMedia: false,
    remoteMedia: 0,
    present: passThrough(body),
  };
}
