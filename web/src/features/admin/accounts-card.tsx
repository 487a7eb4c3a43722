import { type FormEvent, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError } from "../../lib/errors.ts";
import { useFreeze, useGrant } from "./use-admin.ts";

/** What is done to one account: freezing it, and giving it credit that the platform pays for. */
export function AccountsCard() {
  const [id, setId] = useState("");
  const [reason, setReason] = useState("");
  const [amount, setAmount] = useState("");
  const [freeze, grant] = [useFreeze(), useGrant()];
  const error = freeze.error ?? grant.error;
  const give = (event: FormEvent) => {
    event.preventDefault();
    grant.mutate({ accountId: id, amount, cause: `web.${crypto.randomUUID()}` }, { onSuccess: () => setAmount("") });
  };
  return (
    <Card aria-labelledby="account">
      <CardHeader
        id="account"
        title="An account"
        description="Frozen, it neither gives nor gets credit, and its keys stop."
      />
      <form onSubmit={give} className="flex flex-col gap-4 px-5 py-5 sm:px-6">
        <TextField label="Account id" placeholder="acct_…" required value={id} onValueChange={setId} />
        <TextField label="Why" value={reason} onValueChange={setReason} hint="Needed for freezing." />
        <div className="flex flex-wrap gap-2">
          <Button
            variant="danger"
            size="sm"
            disabled={id === "" || reason.trim().length < 3}
            pending={freeze.isPending}
            onClick={() => freeze.mutate({ id, reason })}
          >
            Freeze
          </Button>
          <Button
            variant="secondary"
            size="sm"
            disabled={id === ""}
            pending={freeze.isPending}
            onClick={() => freeze.mutate({ id, reason: null })}
          >
            Unfreeze
          </Button>
        </div>
        <TextField label="Grant" prefix="$" inputMode="decimal" required value={amount} onValueChange={setAmount} />
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" size="sm" pending={grant.isPending}>
            Grant credit
          </Button>
          <p role="status" className="text-sm text-muted">
            {freeze.isSuccess || grant.isSuccess ? "Done; it is in the log." : ""}
          </p>
        </div>
        {error && (
          <p role="alert" className="text-sm text-bad">
            {describeError(error)}
          </p>
        )}
      </form>
    </Card>
  );
}
