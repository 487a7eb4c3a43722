import { type FormEvent, type ReactNode, useState } from "react";
import { QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Me } from "../../lib/api.ts";
import { cn } from "../../lib/cn.ts";
import { describeError } from "../../lib/errors.ts";
import { useMe, useSession } from "../../lib/session.ts";
import { LinkWalletButton } from "./link-wallet-button.tsx";
import { useLinkEmail, useSendCode, useUnlinkEmail, useUnlinkWallet } from "./use-settings.ts";

/** The wallets and e-mail addresses that lead to this account. */
export function WaysIn() {
  const me = useMe();
  return (
    <Card aria-labelledby="ways">
      <CardHeader
        id="ways"
        title="How you sign in"
        description="Any of these leads to your account. Unlinking one ends your other sessions."
      />
      <div className="flex flex-col gap-5 p-5 sm:p-6">
        <QueryView query={me} name="ways in" loading={<Skeleton className="h-24" />}>
          {(data) => <List me={data} />}
        </QueryView>
        <LinkWalletButton />
        <LinkEmail />
      </div>
    </Card>
  );
}

function List({ me: { wallets, emails } }: { me: Me }) {
  const isOnly = wallets.length + emails.length === 1;
  return (
    <ul aria-label="Ways in" className="divide-y text-sm">
      {wallets.map(({ address }) => (
        <WalletRow key={address} address={address} isOnly={isOnly} />
      ))}
      {emails.map((email) => (
        <EmailRow key={email.id} email={email} isOnly={isOnly} />
      ))}
    </ul>
  );
}

function WalletRow({ address, isOnly }: { address: string; isOnly: boolean }) {
  const unlink = useUnlinkWallet();
  const isOwner = useSession().data?.currentOwner.toLowerCase() === address.toLowerCase();
  return (
    <Way name={address} isMono error={unlink.error}>
      {isOwner ? (
        <span className="text-xs text-muted">Owns this account</span>
      ) : (
        !isOnly && <Unlink name={address} pending={unlink.isPending} onClick={() => unlink.mutate(address)} />
      )}
    </Way>
  );
}

function EmailRow({ email: { id, address }, isOnly }: { email: Me["emails"][number]; isOnly: boolean }) {
  const unlink = useUnlinkEmail();
  return (
    <Way name={address} error={unlink.error}>
      {!isOnly && <Unlink name={address} pending={unlink.isPending} onClick={() => unlink.mutate(id)} />}
    </Way>
  );
}

const Unlink = ({ name, ...props }: { name: string; pending: boolean; onClick: () => void }) => (
  <Button variant="ghost" size="sm" aria-label={`Unlink ${name}`} {...props}>
    Unlink
  </Button>
);

type WayProps = { name: string; isMono?: boolean; error: Error | null; children: ReactNode };

const Way = ({ name, isMono = false, error, children }: WayProps) => (
  <li className="flex min-h-11 flex-wrap items-center justify-between gap-x-3 py-1.5">
    <span className={cn("min-w-0 flex-1 break-all", isMono && "font-mono text-[13px]")}>{name}</span>
    {children}
    {error && (
      <p role="alert" className="w-full text-sm text-bad">
        {describeError(error)}
      </p>
    )}
  </li>
);

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
