import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Page } from "../../components/page.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Select } from "../../components/ui/select.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { ApiError, describeError } from "../../lib/errors.ts";
import { type Model, useModels } from "../../lib/models.ts";
import { Composer } from "./composer.tsx";
import { Conversation } from "./conversation.tsx";
import { KeyChoice } from "./key-choice.tsx";
import { useChat } from "./use-chat.ts";
import { usePlaygroundKey } from "./use-playground-key.ts";

export function PlaygroundPage({ addCredit }: { addCredit: ReactNode }) {
  const models: UseQueryResult<Model[]> = useModels();
  return (
    <Page title="Playground" description="Real requests, charged to your credit.">
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
  const chat = useChat();
  const [chosen, setChosen] = useState(models[0]?.id ?? "");
  const { key, forget } = playgroundKey;
  const status = chat.error instanceof ApiError ? chat.error.status : null;
  const end = useRef<HTMLDivElement>(null);

  // A revoked key is of no use any more: back to the choice.
  useEffect(() => {
    if (status === 401) forget();
  }, [status, forget]);
  const { turns, streaming, error } = chat;
  useEffect(() => {
    if (turns.length > 0 || streaming || error) end.current?.scrollIntoView({ block: "end" });
  }, [turns, streaming, error]);

  if (key === null) return <KeyChoice playgroundKey={playgroundKey} refused={status === 401} />;
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-6">
      <div className="flex items-end justify-between gap-3">
        <div className="w-64 min-w-0">
          <Select
            label="Model"
            value={chosen}
            options={models.map(({ id }) => ({ value: id, label: id }))}
            onChange={setChosen}
          />
        </div>
        <div className="flex gap-1">
          <Button variant="ghost" size="sm" disabled={chat.turns.length === 0} onClick={chat.clear}>
            Clear
          </Button>
          <Button variant="ghost" size="sm" onClick={forget}>
            Change key
          </Button>
        </div>
      </div>
      {chat.turns.length > 0 && <Conversation turns={chat.turns} streaming={chat.streaming} />}
      {chat.error !== null && (
        <div
          role="alert"
          className="flex flex-wrap items-center justify-between gap-3 rounded-lg bg-bad-soft p-3 text-sm text-bad"
        >
          {describeError(chat.error)}
          {status === 402 && addCredit}
        </div>
      )}
      <div className="sticky bottom-14 -mx-1 bg-paper px-1 pt-2 pb-3 md:bottom-0 md:pb-6">
        <Composer
          streaming={chat.streaming}
          disabled={chosen === ""}
          onSend={(text) => void chat.send(text, { key, model: chosen })}
          onStop={chat.stop}
        />
      </div>
      <div ref={end} aria-hidden className="-mt-6 scroll-mb-24" />
    </div>
  );
}
