import { type FormEvent, useState } from "react";
import { CopyButton } from "../../components/copy-button.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { TopUp } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { useEndTopUp, useMakeTopUp, useTopUps } from "./use-top-up.ts";

/** Links by which others add to this account. */
export function TopUpLinks() {
  const links = useTopUps();
  const make = useMakeTopUp();
  const [message, setMessage] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(message, { onSuccess: () => setMessage("") });
  };
  return (
    <Card aria-labelledby="top-ups">
      <CardHeader
        id="top-ups"
        title="Let others top you up"
        description="A link that shows your deposit address, for whoever pays in USDC."
      />
      <form onSubmit={submit} className="flex flex-wrap items-end gap-3 p-5 sm:p-6">
        <TextField
          label="Words to whoever pays"
          maxLength={280}
          value={message}
          onValueChange={setMessage}
          className="min-w-40 flex-1"
        />
        <Button type="submit" variant="secondary" pending={make.isPending}>
          Make a top-up link
        </Button>
        {make.error && (
          <p role="alert" className="w-full text-sm text-bad">
            {describeError(make.error)}
          </p>
        )}
      </form>
      <QueryView
        query={links}
        name="top-up links"
        loading={<Skeleton className="m-6 h-16" />}
        isEmpty={(data) => data.links.length === 0}
        empty={<EmptyNote title="No links">Make one to have somebody else pay in.</EmptyNote>}
      >
        {(data) => (
          <ul aria-label="Top-up links" className="divide-y border-t px-5 text-sm sm:px-6">
            {data.links.map((link) => (
              <LinkRow key={link.id} link={link} />
            ))}
          </ul>
        )}
      </QueryView>
    </Card>
  );
}

function LinkRow({ link }: { link: TopUp }) {
  const end = useEndTopUp();
  return (
    <li className="flex flex-wrap items-center gap-3 py-2.5">
      <span className="min-w-0 flex-1 truncate text-muted" title={link.message}>
        {link.message || "Without words"}
      </span>
      <CopyButton text={link.link} label="Copy link" />
      <Button variant="ghost" size="sm" pending={end.isPending} onClick={() => end.mutate(link.id)}>
        End
      </Button>
    </li>
  );
}
