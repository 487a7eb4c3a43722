import { type FormEvent, useState } from "react";
import { QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Me } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { useMe } from "../../lib/session.ts";
import { useLinkEmail, useSendCode, useUnlinkEmail } from "./use-settings.ts";

/** The wallets and e-mail addresses that lead to this account. */
export function WaysIn() {
  const me = useMe();
  return (
    <Card aria-labelledby="ways">
      <CardHeader id="ways" title="How you sign in" description="Any of these leads to your account." />
      <div className="flex flex-col gap-5 p-5 sm:p-6">
        <QueryView query={me} name="ways in" loading={<Skeleton className="h-24" />}>
          {(data) => <List me={data} />}
        </QueryView>
        <LinkEmail />
      </div>
    </Card>
  );
}

const List = ({ me }: { me: Me }) => (
  <ul aria-label="Ways in" className="divide-y text-sm">
    {me.wallets.map(({ address }) => (
      <li key={address} className="py-2.5 font-mono text-[13px] break-all">
        {address}
      </li>
    ))}
    {me.emails.map((email) => (
      <EmailRow key={email.id} email={email} />
    ))}
  </ul>
);

function EmailRow({ email }: { email: Me["emails"][number] }) {
  const unlink = useUnlinkEmail();
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-1.5">
      <span className="break-all">{email.address}</span>
      <Button
        variant="ghost"
        size="sm"
        aria-label={`Unlink ${email.address}`}
        pending={unlink.isPending}
        onClick={() => unlink.mutate(email.id)}
      >
        Unlink
      </Button>
      {unlink.error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(unlink.error)}
        </p>
      )}
    </li>
  );
}

/** An address, then the code that was sent there. */
function LinkEmail() {
  const [email, setEmail] = useState("");
  const [code, setCode] = useState("");
  const send = useSendCode();
  const link = useLinkEmail();
  const challenge = send.data?.challenge;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (challenge === undefined) send.mutate(email.trim());
    else
      link.mutate(
        { challenge, code: code.trim() },
        {
          onSuccess: () => {
            send.reset();
            setEmail("");
            setCode("");
          },
        },
      );
  };
  const error = link.error ?? send.error;
  return (
    <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
      {challenge === undefined ? (
        <TextField
          label="Link an e-mail address"
          type="email"
          autoComplete="email"
          required
          value={email}
          onValueChange={setEmail}
          className="min-w-56 flex-1"
        />
      ) : (
        <TextField
          label={`Code sent to ${email}`}
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          value={code}
          onValueChange={setCode}
          className="min-w-56 flex-1"
        />
      )}
      <Button type="submit" variant="secondary" pending={send.isPending || link.isPending}>
        {challenge === undefined ? "Send a code" : "Link"}
      </Button>
      {error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(error)}
        </p>
      )}
    </form>
  );
}
