export interface Model {
  id: string;
  contextLength: number;
  /** What an answer is cut off at when the request names no lower cap, or a higher one. */
  maxCompletionTokens: number;
}

export const models: readonly Model[] = [
  { id: "demo/small", contextLength: 32_768, maxCompletionTokens: 1_024 },
  { id: "demo/large", contextLength: 131_072, maxCompletionTokens: 1_024 },
];

export function findModel(id: string): Model | undefined {
  return models.find((model) => model.id === id);
}
