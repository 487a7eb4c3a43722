import { InvalidInputError } from "../../errors.ts";
import { chatRequest } from "../chat-request.ts";
import { bytesOf, readCommon, wholeNumber } from "../read-fields.ts";
import type { InferenceRequest } from "../request.ts";
import { messagesOfConversation } from "./conversation.ts";
import { presentMessages } from "./present-messages.ts";
import { settingsOf } from "./settings.ts";

/** Reads a request in the words of Anthropic's Messages; nodes are asked for a chat. @throws InvalidInputError */
export function readMessagesRequest(input: unknown): InferenceRequest {
  const { body: asked, model, stream } = readCommon(input);
  if (wholeNumber({ value: asked["max_tokens"], name: "max_tokens" }) === null) {
    throw new InvalidInputError("max_tokens has to be given: how long the answer may be, in tokens.", "max_tokens");
  }
  const messages = messagesOfConversation(asked["messages"], asked["system"]);
  const body = { ...settingsOf(asked), messages };
  return chatRequest({ body, model, stream, bodyBytes: bytesOf(body), present: presentMessages(model) });
}
