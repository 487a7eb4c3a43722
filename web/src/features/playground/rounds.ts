import { formatUsd, type NanoUsd, nanoUsd, parseUsd } from "@infr/money";
import type { Model } from "../../lib/models.ts";
import type { ChatMessage, ChatUsage } from "./chat.ts";

/** How many models can be asked at once. */
export const MAX_LANES = 4;
/** What a token is on average in English; only for what is shown until the exact cost has come. */
const CHARACTERS_PER_TOKEN = 4;

/** A column: a model with a conversation of its own. */
export interface Lane {
  id: string;
  model: string;
}

export interface Answer {
  id: string;
  laneId: string;
  model: string;
  content: string;
  startedMs: number;
  /** null while it streams. */
  endedMs: number | null;
  usage: ChatUsage | null;
  /** The user stopped it; what had been relayed is billed. */
  stopped: boolean;
  error: unknown;
}

/** One prompt, and what each model said to it. */
export interface Round {
  id: string;
  question: string;
  answers: Answer[];
}

/** What a lane has said and heard so far. A prompt that it did not answer is left out: templates want turns to alternate. */
export const historyOf = (rounds: Round[], laneId: string): ChatMessage[] =>
  rounds.flatMap(({ question, answers }) => {
    const answer = answers.find((each) => each.laneId === laneId && each.content !== "");
    if (!answer) return [];
    return [
      { role: "user", content: question },
      { role: "assistant", content: answer.content },
    ];
  });

/** What all answers together have cost as far as it is known, as an exact decimal in dollars; null without any. */
export function totalCost(rounds: Round[]): string | null {
  const costs = rounds.flatMap(({ answers }) => answers.flatMap(({ usage }) => usage?.costUsd ?? []));
  if (costs.length === 0) return null;
  return formatUsd(nanoUsd(costs.reduce((sum, cost) => sum + parseUsd(cost), 0n)));
}

/** What it has cost so far, about: from the number of characters, at the model's best price. */
export function aboutCost(pricing: Model["pricing"], { asked, said }: { asked: number; said: number }): string {
  const prompt: NanoUsd = parseUsd(pricing.prompt);
  const completion: NanoUsd = parseUsd(pricing.completion);
  return formatUsd(nanoUsd(tokens(asked) * prompt + tokens(said) * completion));
}

const tokens = (characters: number): bigint => BigInt(Math.ceil(characters / CHARACTERS_PER_TOKEN));
