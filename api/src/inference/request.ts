import type { NodeApi } from "./node-api.ts";
import type { ResponseUsage } from "./response-usage.ts";

/** A request for inference, as far as holding, asking a node and billing have to know it: the same for every surface. */
export type InferenceRequest = {
  model: string;
  /** What the node is asked for, and how its answer is read. */
  api: NodeApi;
  /** What the node gets, but for the limit of its answer. */
  body: Record<string, unknown>;
  /** Bytes of the client's body as JSON: no prompt in it has more tokens. */
  bodyBytes: number;
  stream: boolean;
  /** Answers that the node makes. */
  choices: number;
  /** Those of them that it gives out: fewer where it picks the best. */
  shownChoices: number;
  /** How often the prompt comes before the answer. */
  echoes: number;
  /** Completion tokens of each choice that the client allows, if it says so. */
  maxTokens: number | null;
  /** The field that tells the node so; null where an answer has no tokens. */
  limitField: string | null;
  /** Messages or prompts: a template may add a few tokens to each. */
  parts: number;
  /** All text of the prompt that a model reads. */
  promptText: () => string;
  /** Tokens of the prompt beside that text, which came as ids. */
  promptIds: number;
  /** Whether the prompt has parts whose tokens can't be counted from text. */
  hasMedia: boolean;
  /** Those of them that the node fetches itself: the body says nothing of their size. */
  remoteMedia: number;
  present: Presenter;
};

/** How a surface words what a node answered. */
export type Presenter = {
  answer: (answer: Record<string, unknown>, facts: Presented) => Record<string, unknown>;
  stream: (requestId: string) => StreamPresenter;
};

export type Presented = { requestId: string; usage: ResponseUsage };

/** One stream's frames; each of its functions gives text that is ready for the wire, or none. */
export type StreamPresenter = {
  chunk: (chunk: Record<string, unknown>) => string;
  /** The closing frames, which wait for the capture. */
  end: (usage: ResponseUsage) => string;
  failure: (failure: { code: string; message: string }) => string;
};
