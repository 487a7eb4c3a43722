import { chatRequest } from "../chat-request.ts";
import { bytesOf, readCommon, wholeNumber } from "../read-fields.ts";
import type { InferenceRequest } from "../request.ts";
import { messagesOfInput } from "./input-items.ts";
import { MAX_TOP_LOGPROBS } from "./logprobs.ts";
import { presentResponses } from "./present-responses.ts";
import { refuseUnsupported, settingsOf } from "./settings.ts";

/** Reads a request in the words of OpenAI's Responses; nodes are asked for a chat. @throws InvalidInputError */
export function readResponsesRequest(input: unknown): InferenceRequest {
  const { body: asked, model, stream } = readCommon(input);
  refuseUnsupported(asked);
  wholeNumber({ value: asked["max_output_tokens"], name: "max_output_tokens" });
  wholeNumber({ value: asked["top_logprobs"], name: "top_logprobs", least: 0, most: MAX_TOP_LOGPROBS });
  const messages = messagesOfInput(asked["input"], asked["instructions"]);
  const body = { ...settingsOf(asked), messages };
  return chatRequest({ body, model, stream, bodyBytes: bytesOf(body), present: presentResponses(asked) });
}
