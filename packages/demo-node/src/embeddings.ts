import type { FastifyInstance } from "fastify";
import { vectorOf } from "./answer.ts";
import { countText } from "./count.ts";
import { type Prompts, promptSchema, promptsOf, textOfPrompt, tokensOfPrompt } from "./prompts.ts";
import { type Behavior, serve } from "./serve.ts";

const DIMENSIONS = 64;

interface EmbeddingRequest {
  model: string;
  input: Prompts;
  dimensions?: number | null;
  encoding_format?: "float" | "base64" | null;
}

const bodySchema = {
  type: "object",
  required: ["model", "input"],
  properties: {
    model: { type: "string", minLength: 1 },
    input: promptSchema,
    dimensions: { type: ["integer", "null"], minimum: 1, maximum: 4096 },
    encoding_format: { enum: ["float", "base64", null] },
  },
} as const;

/** Vectors that follow from the text and mean nothing. */
export function embeddingsRoute(app: FastifyInstance, behavior: Behavior): void {
  app.post<{ Body: EmbeddingRequest }>("/v1/embeddings", { schema: { body: bodySchema } }, (request, reply) =>
    serve({ request, reply, behavior }, () => {
      const { model, input, dimensions, encoding_format: format } = request.body;
      const prompts = promptsOf(input);
      const tokens = prompts.reduce((sum, prompt) => sum + tokensOfPrompt(prompt, countText), 0);
      const data = prompts.map((prompt, index) => {
        const vector = vectorOf(textOfPrompt(prompt), dimensions ?? DIMENSIONS);
        return { object: "embedding", index, embedding: format === "base64" ? base64Of(vector) : vector };
      });
      const usage = { prompt_tokens: tokens, total_tokens: tokens };
      return { usage, body: (withUsage) => ({ object: "list", data, model, ...(withUsage ? { usage } : {}) }) };
    }),
  );
}

/** Little-endian 32-bit floats, as OpenAI sends them. */
function base64Of(vector: number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString("base64");
}
