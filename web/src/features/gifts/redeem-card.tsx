import { type FormEvent, useState } from "react";
import { Money } from "../../components/money.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError } from "../../lib/errors.ts";
import { useRedeem } from "./use-gifts.ts";

/** A gift's link has the code behind the "#": that part of an address is never sent to a server. */
const fromLink = (): string => new URLSearchParams(window.location.hash.slice(1)).get("gift") ?? "";

export function RedeemCard() {
  const [code, setCode] = useState(fromLink);
  const redeem = useRedeem();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    redeem.mutate(code.trim(), { onSuccess: () => setCode("") });
  };
  return (
    <Card aria-labelledby="redeem">
      <CardHeader id="redeem" title="Redeem a gift code" />
      <form onSubmit={submit} className="flex flex-col gap-4 p-5 sm:p-6">
        <TextField
          label="Code"
          autoComplete="off"
          spellCheck={false}
          required
          value={code}
          onValueChange={setCode}
          inputClassName="font-mono"
        />
        {redeem.error && (
          <p role="alert" className="text-sm text-bad">
            {describeError(redeem.error)}
          </p>
        )}
        {redeem.data && (
          <p role="status" className="text-sm text-good">
            <Money usd={redeem.data.amount} />{" "}
            {redeem.data.state === "redeemed" ? "is yours." : "is on its way to you."}
            {redeem.data.message && <q className="mt-1 block text-ink">{redeem.data.message}</q>}
          </p>
        )}
        <Button type="submit" variant="secondary" pending={redeem.isPending}>
          Redeem
        </Button>
      </form>
    </Card>
  );
}
