import { type FormEvent, useState } from "react";
import { QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { describeError } from "../../lib/errors.ts";
import { useChooseName, useName } from "./use-name.ts";

/** A name that others send credit to, instead of an address. */
export function NameCard() {
  const name = useName();
  return (
    <Card aria-labelledby="name">
      <CardHeader
        id="name"
        title="Your name"
        description="Others send you credit by it. Everybody can see which wallet it leads to."
      />
      <div className="flex flex-col gap-5 p-5 sm:p-6">
        <QueryView query={name} name="name" loading={<Skeleton className="h-6" />}>
          {({ address }) => (
            <p className="text-sm">{address ? <strong className="break-all">{address}</strong> : "None yet."}</p>
          )}
        </QueryView>
        <ChooseName />
      </div>
    </Card>
  );
}

function ChooseName() {
  const [text, setText] = useState("");
  const choose = useChooseName();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    choose.mutate(text.trim().toLowerCase(), { onSuccess: () => setText("") });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextField
        label="New name"
        autoComplete="off"
        required
        maxLength={32}
        value={text}
        onValueChange={setText}
        hint="3 to 32 of a to z, 0 to 9 and hyphens. Five in the life of an account; an old one is nobody else's."
        error={choose.error ? describeError(choose.error) : null}
      />
      <Button type="submit" variant="secondary" className="self-start" pending={choose.isPending}>
        Choose
      </Button>
    </form>
  );
}
