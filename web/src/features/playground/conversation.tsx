import { Square } from "lucide-react";
import { memo, type ReactNode } from "react";
import { Money } from "../../components/money.tsx";
import { Button } from "../../components/ui/button.tsx";
import { cn } from "../../lib/cn.ts";
import { describeError } from "../../lib/errors.ts";
import { displayCount } from "../../lib/format.ts";
import type { Model } from "../../lib/models.ts";
import { Elapsed } from "./elapsed.tsx";
import { type Answer, aboutCost, type Round } from "./rounds.ts";

interface ConversationProps {
  rounds: Round[];
  models: Model[];
  onStop: (answerId: string) => void;
  /** What may be done where an answer failed. */
  remedyFor: (error: unknown) => ReactNode;
}

export const Conversation = ({ rounds, ...props }: ConversationProps) => (
  <ol aria-label="Conversation" className="flex flex-col gap-8">
    {rounds.map((round) => (
      <RoundView key={round.id} round={round} {...props} />
    ))}
  </ol>
);

/** As many columns as fit; on a phone one answer under the other. */
const COLUMNS = ["", "", "sm:grid-cols-2", "sm:grid-cols-2 lg:grid-cols-3", "sm:grid-cols-2 lg:grid-cols-4"];

type RoundProps = Omit<ConversationProps, "rounds"> & { round: Round };

/** Only what streams is drawn anew with each word. */
const RoundView = memo(({ round: { question, answers }, ...props }: RoundProps) => (
  <li className="flex flex-col gap-6">
    <p className="ml-auto w-fit max-w-[85%] rounded-2xl rounded-br-md bg-sunken px-4 py-2.5 text-[15px] wrap-anywhere whitespace-pre-wrap">
      {question}
    </p>
    <div className={cn("grid gap-4", COLUMNS[answers.length])}>
      {answers.map((answer) => (
        <AnswerView key={answer.id} answer={answer} asked={question.length} alone={answers.length === 1} {...props} />
      ))}
    </div>
  </li>
));

type AnswerProps = Omit<RoundProps, "round"> & { answer: Answer; asked: number; alone: boolean };

/** The words are announced once they are all there, not one by one. */
function AnswerView({ answer, asked, alone, models, onStop, remedyFor }: AnswerProps) {
  const { id, model, content, error, endedMs } = answer;
  const live = endedMs === null;
  return (
    <section
      aria-label={model}
      className={cn("flex min-w-0 flex-col", alone ? "max-w-[70ch]" : "rounded-xl border bg-surface p-4 shadow-card")}
    >
      {!alone && (
        <header className="mb-2 flex h-8 items-center justify-between gap-2">
          <h2 className="truncate text-[13px] font-medium text-muted" title={model}>
            {model}
          </h2>
          {live && (
            <Button variant="ghost" size="sm" aria-label={`Stop ${model}`} onClick={() => onStop(id)}>
              <Square aria-hidden className="size-3! fill-current" />
              Stop
            </Button>
          )}
        </header>
      )}
      <div aria-live="polite" aria-busy={live}>
        <p className="text-[15px] leading-relaxed wrap-anywhere whitespace-pre-wrap">
          {content}
          {live && (
            <span aria-hidden className="ml-0.5 inline-block h-4 w-1.5 animate-pulse bg-ember align-text-bottom" />
          )}
        </p>
        {error !== null && (
          <div
            role="alert"
            className="flex flex-wrap items-center justify-between gap-3 rounded-lg bg-bad-soft p-3 text-sm text-bad"
          >
            {describeError(error)}
            {remedyFor(error)}
          </div>
        )}
      </div>
      <Footer
        answer={answer}
        about={live ? models.find((each) => each.id === model)?.pricing : undefined}
        asked={asked}
      />
    </section>
  );
}

interface FooterProps {
  answer: Answer;
  asked: number;
  /** While it streams: what is reckoned with until the exact cost has come. */
  about: Model["pricing"] | undefined;
}

function Footer({ answer: { content, usage, stopped, error, startedMs, endedMs }, asked, about }: FooterProps) {
  if (error !== null) return null;
  return (
    <p className="mt-auto flex flex-wrap gap-x-3 pt-2 text-xs text-muted tabular-nums">
      {usage?.costUsd && (
        <span>
          Cost <Money usd={usage.costUsd} className="font-medium text-ink" />
        </span>
      )}
      {about && (
        <span aria-hidden>
          About <Money usd={aboutCost(about, { asked, said: content.length })} />
        </span>
      )}
      <Elapsed startedMs={startedMs} endedMs={endedMs} />
      {usage && (
        <span>
          {displayCount(usage.promptTokens)} in / {displayCount(usage.completionTokens)} out
        </span>
      )}
      {stopped && <span>Stopped. What had arrived is charged{usage ? "." : "; see Usage."}</span>}
    </p>
  );
}
