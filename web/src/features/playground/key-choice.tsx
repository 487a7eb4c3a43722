import { type FormEvent, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Card } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError } from "../../lib/errors.ts";
import type { PlaygroundKey } from "./use-playground-key.ts";

/** Before the first word: which key pays. */
export function KeyChoice({ playgroundKey, refused }: { playgroundKey: PlaygroundKey; refused: boolean }) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") playgroundKey.use(text.trim());
  };
  return (
    <Card className="mx-auto w-full max-w-lg p-6 sm:p-8">
      {refused && (
        <p role="alert" className="mb-5 rounded-lg bg-bad-soft p-3 text-sm text-bad">
          That key is not accepted any more. Choose another one.
        </p>
      )}
      <h2 className="text-lg font-semibold">Which key pays?</h2>
      <p className="mt-1 text-sm text-pretty text-muted">
        Requests are charged like any other. A key made here stays in this tab; revoke it under API keys.
      </p>
      <Button className="mt-5 w-full" pending={playgroundKey.creating} onClick={playgroundKey.create}>
        Create a playground key
      </Button>
      {playgroundKey.error && (
        <p role="alert" className="mt-3 text-sm text-bad">
          {describeError(playgroundKey.error)}
        </p>
      )}
      <p
        aria-hidden
        className="my-5 flex items-center gap-3 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line"
      >
        or
      </p>
      <form onSubmit={submit} className="flex items-end gap-2">
        <TextField
          label="A key you have"
          placeholder="sk-infr-…"
          type="password"
          autoComplete="off"
          value={text}
          onValueChange={setText}
          className="flex-1"
          inputClassName="font-mono"
        />
        <Button type="submit" variant="secondary" disabled={text.trim() === ""}>
          Use
        </Button>
      </form>
    </Card>
  );
}
