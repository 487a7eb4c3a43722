import { InvalidInputError } from "../errors.ts";
import { inEncoding } from "./embedding-encoding.ts";
import { embeddingsApi } from "./node-api.ts";
import { bytesOf, isRecord, readCommon } from "./read-fields.ts";
import { readPrompts } from "./read-prompts.ts";
import type { InferenceRequest, Presenter } from "./request.ts";

/** Reads a request for embeddings: all of it is prompt. @throws InvalidInputError */
export function readEmbeddingsRequest(input: unknown): InferenceRequest {
  const { body, model, stream } = readCommon(input);
  if (stream) throw new InvalidInputError("Embeddings can't be streamed. Leave stream out.", "stream");
  const encoding = body["encoding_format"] ?? "float";
  if (encoding !== "float" && encoding !== "base64") {
    throw new InvalidInputError("encoding_format has to be float or base64.", "encoding_format");
  }
  const prompts = readPrompts(body["input"], "input");
  return {
    api: embeddingsApi,
    model,
    body,
    bodyBytes: bytesOf(body),
    stream: false,
    choices: 1,
    shownChoices: 1,
    echoes: 0,
    maxTokens: 0,
    limitField: null,
    parts: prompts.count,
    promptText: () => prompts.text,
    promptIds: prompts.ids,
    hasMedia: false,
    remoteMedia: 0,
    present: embeddings(encoding),
  };
}

/** Some nodes know floats only, but the official client asks for base64 and does not look at what it gets. */
const embeddings = (encoding: "float" | "base64"): Presenter => ({
  answer: (answer, { requestId, usage }) => ({
    ...answer,
    data: (Array.isArray(answer["data"]) ? answer["data"] : []).map((item: unknown) =>
      isRecord(item) ? { ...item, embedding: inEncoding(item["embedding"], encoding) } : item,
    ),
    id: requestId,
    usage,
  }),
  stream: () => {
    throw new Error("embeddings are not streamed");
  },
});
