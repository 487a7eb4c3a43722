import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { queryKeys } from "../../lib/query-keys.ts";
import { type ChatMessage, type ChatUsage, streamChat } from "./chat.ts";

export interface Turn extends ChatMessage {
  id: string;
  usage?: ChatUsage | null;
  /** The user stopped it; what had been relayed is billed. */
  stopped?: boolean;
}

export interface Chat {
  turns: Turn[];
  streaming: boolean;
  error: unknown;
  send: (text: string, options: { key: string; model: string }) => Promise<void>;
  stop: () => void;
  clear: () => void;
}

/** One conversation, kept in this page only. */
export function useChat(): Chat {
  const [turns, setTurns] = useState<Turn[]>([]);
  const [streaming, setStreaming] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const controller = useRef<AbortController | null>(null);
  const queries = useQueryClient();
  useEffect(() => () => controller.current?.abort(), []);

  const changeLast = (change: (turn: Turn) => Turn) =>
    setTurns((before) => before.map((turn, index) => (index === before.length - 1 ? change(turn) : turn)));

  const send = async (text: string, { key, model }: { key: string; model: string }) => {
    const question: Turn = { id: crypto.randomUUID(), role: "user", content: text };
    const said = [...turns.filter(({ content }) => content !== ""), question];
    setTurns([...said, { id: crypto.randomUUID(), role: "assistant", content: "" }]);
    setError(null);
    setStreaming(true);
    const abort = new AbortController();
    controller.current = abort;
    try {
      const messages = said.map(({ role, content }) => ({ role, content }));
      const usage = await streamChat({ key, model, messages, signal: abort.signal }, (piece) =>
        changeLast((turn) => ({ ...turn, content: turn.content + piece })),
      );
      changeLast((turn) => ({ ...turn, usage }));
    } catch (cause) {
      if (abort.signal.aborted) changeLast((turn) => ({ ...turn, stopped: true }));
      else setError(cause);
    } finally {
      setStreaming(false);
      void queries.invalidateQueries({ queryKey: queryKeys.balance });
      void queries.invalidateQueries({ queryKey: queryKeys.usage });
    }
  };

  const clear = () => {
    controller.current?.abort();
    setTurns([]);
    setError(null);
  };
  return { turns, streaming, error, send, stop: () => controller.current?.abort(), clear };
}
