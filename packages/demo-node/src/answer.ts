import { createHash } from "node:crypto";
import { type Message, textOf } from "./count.ts";

/** Every word is one o200k token, with a space before it and, capitalized, at the start of a sentence. */
const clauses = [
  "credit is held by one contract",
  "every charge can be checked against its receipt",
  "the node answers while the meter counts each token",
  "a batch moves what was counted",
  "operators are paid in full and on time",
  "nothing is lost between two parts of the flow",
  "both parts keep their own record",
  "small steps make large systems easy to follow",
  "money moves only when an event shows it",
  "a balance never changes without a cause",
  "prices are set per token",
  "short answers cost less than long answers",
].map((clause) => clause.split(" "));

const DEFAULT_MIN = 24;
const DEFAULT_MAX = 96;

/**
 * How long the answer would be without a cap. A prompt decides it by "… 200 tokens" or "as long as possible";
 * otherwise it follows from the prompt, between 24 and 96 tokens.
 */
export function wantedTokens(messages: readonly Message[]): number {
  const last = messages.findLast(({ role }) => role === "user") ?? messages.at(-1);
  const prompt = last ? textOf(last) : "";
  if (/\bas (long|much) as (possible|you can)\b/i.test(prompt)) return Number.POSITIVE_INFINITY;
  const asked = /\b(\d{1,6}) tokens\b/i.exec(prompt)?.[1];
  if (asked) return Math.max(1, Number(asked));
  return DEFAULT_MIN + (seedOf(messages) % (DEFAULT_MAX - DEFAULT_MIN));
}

/** The first `count` tokens of the one answer that belongs to these messages, or of another one. */
export function answerTokens(messages: readonly Message[], count: number, variant = 0): string[] {
  const next = randomNumbers(seedOf(messages) ^ (variant * 0x9e3779b1));
  const tokens: string[] = [];
  while (tokens.length < count) tokens.push(...sentence(next, tokens.length === 0));
  return tokens.slice(0, count);
}

function sentence(next: () => number, isFirst: boolean): string[] {
  const length = 1 + (next() % 3);
  const words: string[] = [];
  for (let part = 0; part < length; part += 1) {
    const clause = clauses[next() % clauses.length] ?? [];
    if (part > 0) words.push(part === length - 1 ? " and" : ",");
    words.push(...clause.map((word) => ` ${word}`));
  }
  const [start = "", ...rest] = words;
  const capital = start.slice(1, 2).toUpperCase() + start.slice(2);
  return [isFirst ? capital : ` ${capital}`, ...rest, "."];
}

/** Numbers from -1 to 1 that belong to a text. */
export function vectorOf(text: string, dimensions: number): number[] {
  const next = randomNumbers(seedOf([{ role: "embedding", content: text }]));
  return Array.from({ length: dimensions }, () => Math.fround((next() / 0xffffffff) * 2 - 1));
}

function seedOf(messages: readonly Message[]): number {
  const text = JSON.stringify(messages.map((message) => [message.role, textOf(message)]));
  return createHash("sha256").update(text).digest().readUInt32BE(0);
}

/** xorshift32: small, and the same on every machine. */
function randomNumbers(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
