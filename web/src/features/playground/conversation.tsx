import { Money } from "../../components/money.tsx";
import { displayCount } from "../../lib/format.ts";
import type { Turn } from "./use-chat.ts";

interface ConversationProps {
  turns: Turn[];
  streaming: boolean;
}

export function Conversation({ turns, streaming }: ConversationProps) {
  return (
    <ol aria-label="Conversation" className="flex flex-col gap-6">
      {turns.map((turn, index) => (
        <li key={turn.id}>
          {turn.role === "user" ? (
            <Question turn={turn} />
          ) : (
            <Answer turn={turn} live={streaming && index === turns.length - 1} />
          )}
        </li>
      ))}
    </ol>
  );
}

const Question = ({ turn }: { turn: Turn }) => (
  <p className="ml-auto w-fit max-w-[85%] rounded-2xl rounded-br-md bg-sunken px-4 py-2.5 text-[15px] wrap-anywhere whitespace-pre-wrap">
    {turn.content}
  </p>
);

/** The words are announced once they are all there, not one by one. */
function Answer({ turn, live }: { turn: Turn; live: boolean }) {
  return (
    <div aria-live="polite" aria-busy={live} className="max-w-[70ch]">
      <p className="text-[15px] leading-relaxed wrap-anywhere whitespace-pre-wrap">
        {turn.content}
        {live && (
          <span aria-hidden className="ml-0.5 inline-block h-4 w-1.5 animate-pulse bg-ember align-text-bottom" />
        )}
      </p>
      <Footer turn={turn} />
    </div>
  );
}

function Footer({ turn: { usage, stopped } }: { turn: Turn }) {
  if (stopped) return <p className="mt-2 text-xs text-muted">Stopped. What had arrived is charged; see Usage.</p>;
  if (!usage) return null;
  return (
    <p className="mt-2 flex flex-wrap gap-x-3 text-xs text-muted tabular-nums">
      {usage.costUsd !== null && (
        <span>
          Cost <Money usd={usage.costUsd} className="font-medium text-ink" />
        </span>
      )}
      <span>
        {displayCount(usage.promptTokens)} in / {displayCount(usage.completionTokens)} out
      </span>
    </p>
  );
}
