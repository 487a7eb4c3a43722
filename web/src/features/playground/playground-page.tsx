import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Money } from "../../components/money.tsx";
import { Page } from "../../components/page.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { cn } from "../../lib/cn.ts";
import { ApiError } from "../../lib/errors.ts";
import { type Model, useModels } from "../../lib/models.ts";
import { Composer } from "./composer.tsx";
import { Conversation } from "./conversation.tsx";
import { KeyChoice } from "./key-choice.tsx";
import { LaneBar, newLane } from "./lane-bar.tsx";
import { type Lane, totalCost } from "./rounds.ts";
import { useChats } from "./use-chats.ts";
import { usePlaygroundKey } from "./use-playground-key.ts";

export function PlaygroundPage({ addCredit }: { addCredit: ReactNode }) {
  const models: UseQueryResult<Model[]> = useModels();
  return (
    <Page title="Playground" description="Real requests, charged to your credit. Ask up to four models at once.">
      <QueryView
        query={models}
        name="models"
        framed
        loading={<Skeleton className="h-64" />}
        isEmpty={(data) => data.length === 0}
        empty={
          <Card>
            <EmptyNote
              title="No model is for sale right now"
              action={
                <Button variant="secondary" size="sm" onClick={() => void models.refetch()}>
                  Look again
                </Button>
              }
            >
              Models appear here as soon as an operator offers one.
            </EmptyNote>
          </Card>
        }
      >
        {(data) => <Playground models={data} addCredit={addCredit} />}
      </QueryView>
    </Page>
  );
}

function Playground({ models, addCredit }: { models: Model[]; addCredit: ReactNode }) {
  const playgroundKey = usePlaygroundKey();
  const chats = useChats();
  const [lanes, setLanes] = useState<Lane[]>(() => models.slice(0, 1).map(({ id }) => newLane(id)));
  const end = useRef<HTMLDivElement>(null);
  const { key, forget } = playgroundKey;
  const { rounds, streaming, stop } = chats;
  const refused = rounds.at(-1)?.answers.some(({ error }) => statusOf(error) === 401) ?? false;

  // A revoked key is of no use any more: back to the choice.
  useEffect(() => {
    if (refused) forget();
  }, [refused, forget]);
  useEffect(() => {
    if (rounds.length > 0 || streaming) end.current?.scrollIntoView({ block: "end" });
  }, [rounds, streaming]);
  const remedyFor = useCallback((error: unknown) => statusOf(error) === 402 && addCredit, [addCredit]);

  if (key === null) return <KeyChoice playgroundKey={playgroundKey} refused={refused} />;
  return (
    <div className={cn("mx-auto flex flex-col gap-6", lanes.length === 1 && "max-w-3xl")}>
      <div className="flex flex-wrap items-end justify-between gap-3">
        <LaneBar lanes={lanes} models={models} onChange={setLanes} />
        <div className="flex items-center gap-1">
          <Button variant="ghost" size="sm" disabled={rounds.length === 0} onClick={chats.clear}>
            Clear
          </Button>
          <Button variant="ghost" size="sm" onClick={forget}>
            Change key
          </Button>
        </div>
      </div>
      {rounds.length > 0 && <Conversation rounds={rounds} models={models} onStop={stop} remedyFor={remedyFor} />}
      <div className="sticky bottom-14 -mx-1 bg-paper px-1 pt-2 pb-3 md:bottom-0 md:pb-6">
        <Composer
          streaming={streaming}
          disabled={lanes.length === 0}
          onSend={(text) => chats.send(text, { key, lanes })}
          onStop={() => stop()}
        />
        <Total usd={totalCost(rounds)} />
      </div>
      <div ref={end} aria-hidden className="-mt-6 scroll-mb-24" />
    </div>
  );
}

const statusOf = (error: unknown): number | null => (error instanceof ApiError ? error.status : null);

const Total = ({ usd }: { usd: string | null }) =>
  usd !== null && (
    <p className="px-3 pt-2 text-xs text-muted">
      All answers here together: <Money usd={usd} className="font-medium text-ink" />
    </p>
  );
