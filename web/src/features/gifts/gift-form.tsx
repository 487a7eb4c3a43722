import { type FormEvent, useState } from "react";
import { CodeLine } from "../../components/code-line.tsx";
import { SharingLimits } from "../../components/sharing-limits.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError, isRejected } from "../../lib/errors.ts";
import { useGive } from "./use-gifts.ts";

const DEFAULT_DAYS = "90";

export function GiftForm() {
  const [amount, setAmount] = useState("");
  const [message, setMessage] = useState("");
  const [days, setDays] = useState(DEFAULT_DAYS);
  const [lock, setLock] = useState("");
  const give = useGive();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const email = lock.trim();
    const draft = { amount: amount.trim(), message, expiresInDays: Number(days) };
    give.mutate(email === "" ? draft : { ...draft, lock: { email } });
  };
  return (
    <Card aria-labelledby="give">
      <CardHeader
        id="give"
        title="Issue a gift code"
        description="The amount leaves your balance and stands under the code's key, until somebody redeems it or it comes back."
      />
      {give.data ? (
        <div className="flex flex-col gap-4 p-5 sm:p-6">
          <CodeLine label="Gift code" text={give.data} />
          <CodeLine label="Link" text={`${window.location.origin}/deposit#gift=${give.data}`} />
          <p className="text-sm text-pretty text-muted">
            Copy it now: it is kept nowhere, so it can't be shown again.{" "}
            {lock.trim() === ""
              ? "Whoever has it can redeem it."
              : `Only whoever has it and signs in by ${lock.trim()} can redeem it.`}
          </p>
          <Button variant="secondary" onClick={() => give.reset()}>
            Issue another
          </Button>
        </div>
      ) : (
        <form onSubmit={submit} className="flex flex-col gap-4 p-5 sm:p-6">
          <TextField label="Amount" prefix="$" inputMode="decimal" required value={amount} onValueChange={setAmount} />
          <TextField label="Message" maxLength={280} value={message} onValueChange={setMessage} />
          <TextField
            label="Days until it comes back"
            type="number"
            min={1}
            max={365}
            required
            value={days}
            onValueChange={setDays}
          />
          <TextField
            label="Only for"
            type="email"
            autoComplete="off"
            placeholder="name@example.com"
            value={lock}
            onValueChange={setLock}
            hint="An e-mail address that its redeemer has to sign in by. Left empty, the code is enough."
          />
          <SharingLimits toSomebody={false} />
          {give.error && !isRejected(give.error) && (
            <p role="alert" className="text-sm text-bad">
              {describeError(give.error)}
            </p>
          )}
          <Button type="submit" pending={give.isPending}>
            Sign and issue
          </Button>
        </form>
      )}
    </Card>
  );
}
