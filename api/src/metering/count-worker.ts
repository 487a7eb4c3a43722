import { parentPort } from "node:worker_threads";
import { countTextUntil } from "./count-text.ts";

/** The thread behind `TokenCounter`: one text in, its tokens out. */
parentPort?.on("message", ({ text, withinMs }: { text: string; withinMs: number }) => {
  parentPort?.postMessage(countTextUntil(text, performance.now() + withinMs), []);
});
