import { parentPort } from "node:worker_threads";
import { countTextUntil } from "./count-text.ts";
import type { Family } from "./families.ts";
import { tokenizerOf } from "./tokenizers.ts";

/** What the thread behind `TokenCounter` is asked. */
export type Question = { text: string; family: Family | null; withinMs: number };

/** What it answers. */
export type Counted = {
  tokens: number;
  /** Whose tokenizer counted; null: one that is not known to be the model's own. */
  family: Family | null;
};

/** One text in, its tokens out. Loading a vocabulary does not take from the time that a text has. */
async function answer({ text, family: wanted, withinMs }: Question): Promise<void> {
  const { family, count } = await tokenizerOf(wanted);
  const tokens = countTextUntil(text, { deadline: performance.now() + withinMs, count });
  const counted: Counted = { tokens, family };
  parentPort?.postMessage(counted, []);
}

parentPort?.on("message", (question: Question) => void answer(question));
