import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { readUntil } from "../../lib/live/read-until.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { type ChatMessage, readCharge, streamChat } from "./chat.ts";
import { type Answer, historyOf, type Lane, type Round } from "./rounds.ts";

/** What was stopped is read to its end by the API for a while, then billed. */
const BILLED_WITHIN_MS = 60_000;

export interface Chats {
  rounds: Round[];
  streaming: boolean;
  /** One prompt to all lanes at once. */
  send: (text: string, options: { key: string; lanes: Lane[] }) => void;
  /** Stops one answer, or all. */
  stop: (answerId?: string) => void;
  clear: () => void;
}

/** Conversations side by side, kept in this page only. */
export function useChats(): Chats {
  const [rounds, setRounds] = useState<Round[]>([]);
  const running = useRef(new Map<string, AbortController>());
  const queries = useQueryClient();
  const stop = useCallback((answerId?: string) => {
    for (const [id, controller] of running.current) if (answerId === undefined || id === answerId) controller.abort();
  }, []);
  useEffect(() => () => stop(), [stop]);

  const change = (id: string, next: (answer: Answer) => Partial<Answer>) =>
    setRounds((before) => before.map((round) => withAnswer(round, id, next)));

  const run = async ({ id, model }: Answer, { key, messages }: { key: string; messages: ChatMessage[] }) => {
    const abort = new AbortController();
    running.current.set(id, abort);
    let requestId: string | null = null;
    try {
      const usage = await streamChat(
        { key, model, messages, signal: abort.signal },
        {
          onId: (told) => {
            requestId = told;
          },
          onText: (piece) => change(id, ({ content }) => ({ content: content + piece })),
        },
      );
      change(id, () => ({ usage, endedMs: Date.now() }));
    } catch (error) {
      const stopped = abort.signal.aborted;
      change(id, () => ({ endedMs: Date.now(), ...(stopped ? { stopped } : { error }) }));
      if (stopped && requestId !== null) void findCharge(id, { key, requestId });
    } finally {
      running.current.delete(id);
      void queries.invalidateQueries({ queryKey: queryKeys.balance });
      void queries.invalidateQueries({ queryKey: queryKeys.usage });
    }
  };

  /** A key of another account is told nothing: then the cost stands in that account's usage only. */
  const findCharge = async (id: string, { key, requestId }: { key: string; requestId: string }) => {
    const usage = await readUntil({
      read: () => readCharge({ key, requestId }).catch(() => null),
      isDone: (found) => found !== null,
      topics: ["usage"],
      withinMs: BILLED_WITHIN_MS,
    });
    change(id, () => ({ usage }));
  };

  const send = (text: string, { key, lanes }: { key: string; lanes: Lane[] }) => {
    const answers = lanes.map(emptyAnswer);
    setRounds([...rounds, { id: crypto.randomUUID(), question: text, answers }]);
    for (const answer of answers) {
      const messages: ChatMessage[] = [...historyOf(rounds, answer.laneId), { role: "user", content: text }];
      void run(answer, { key, messages });
    }
  };

  const clear = () => {
    stop();
    setRounds([]);
  };
  const streaming = rounds.at(-1)?.answers.some(({ endedMs }) => endedMs === null) ?? false;
  return { rounds, streaming, send, stop, clear };
}

const emptyAnswer = ({ id, model }: Lane): Answer => ({
  id: crypto.randomUUID(),
  laneId: id,
  model,
  content: "",
  startedMs: Date.now(),
  endedMs: null,
  usage: null,
  stopped: false,
  error: null,
});

/** The same object where it is not concerned: what has not changed is not drawn again. */
function withAnswer(round: Round, id: string, next: (answer: Answer) => Partial<Answer>): Round {
  if (!round.answers.some((answer) => answer.id === id)) return round;
  const answers = round.answers.map((answer) => (answer.id === id ? { ...answer, ...next(answer) } : answer));
  return { ...round, answers };
}
