import { parentPort } from "node:worker_threads";
import { countTextUntil } from "./count-text.ts";
import type { Family } from "./families.ts";
import { tokenizerOf } from "./tokenizers.ts";

/** What the thread behind `TokenCounter` is asked. */
export type Question = { text: string; family: Family | null; withinMs: number };

/** One text in, its tokens out. Loading a vocabulary does not take from the time that a text has. */
async function answer({ text, family, withinMs }: Question): Promise<void> {
  const count = await tokenizerOf(family);
  parentPort?.postMessage(countTextUntil(text, { deadline: performance.now() + withinMs, count }), []);
}

parentPort?.on("message", (question: Question) => void answer(question));
