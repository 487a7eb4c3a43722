import { type FormEvent, useState } from "react";
import { Money } from "../../components/money.tsx";
import { SharingLimits } from "../../components/sharing-limits.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError, isRejected } from "../../lib/errors.ts";
import { readRecipient } from "./recipient.ts";
import { type Draft, type Preview, usePreview, useSend } from "./use-transfers.ts";

const EMPTY = { to: "", amount: "", memo: "" };

/** First what would happen, then the signature. */
export function TransferForm() {
  const [text, setText] = useState(EMPTY);
  const [toldOf, setToldOf] = useState(false);
  const preview = usePreview();
  const send = useSend();
  const to = readRecipient(text.to);
  const draft: Draft | null = to && { to, amount: text.amount.trim(), memo: text.memo };
  const change = (field: keyof typeof EMPTY) => (value: string) => {
    setText({ ...text, [field]: value });
    preview.reset();
    send.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setToldOf(true);
    if (!draft) return;
    if (!preview.data) preview.mutate(draft);
    else send.mutate({ ...draft, to: shown(draft.to, preview.data) }, { onSuccess: () => setText(EMPTY) });
  };
  const error = send.error && !isRejected(send.error) ? send.error : preview.error;
  return (
    <Card aria-labelledby="send">
      <CardHeader
        id="send"
        title="Send credit"
        description="You sign; it costs no gas, and it is there in about a second. Who is not here yet gets a mail."
      />
      <form onSubmit={submit} className="flex flex-col gap-4 p-5 sm:p-6">
        <TextField
          label="To"
          placeholder="alice, name@example.com, alice.eth or 0x…"
          autoComplete="off"
          required
          value={text.to}
          onValueChange={change("to")}
          error={
            toldOf && text.to !== "" && !to
              ? "Write a name (alice, alice.eth), an e-mail address, a wallet's address (0x…) or an account (acct_…)."
              : null
          }
        />
        <TextField
          label="Amount"
          prefix="$"
          inputMode="decimal"
          required
          value={text.amount}
          onValueChange={change("amount")}
        />
        <TextField
          label="Note"
          maxLength={31}
          value={text.memo}
          onValueChange={change("memo")}
          hint="Both of you see it."
        />
        {!preview.data && <SharingLimits toSomebody />}
        {preview.data && "dryRun" in preview.data && (
          <p role="status" className="text-sm text-muted">
            You send <Money usd={preview.data.amount} />
            {preview.data.to.by === "name" && (
              <>
                {" "}
                to {preview.data.to.name}: {preview.data.to.wallet ? "the wallet" : "account"}{" "}
                <span className="font-mono text-xs break-all">{preview.data.to.wallet ?? preview.data.to.account}</span>
              </>
            )}
            .{to && "email" in to && " Unless somebody signs in by that address within 30 days, it comes back."} After
            that you can share <Money usd={preview.data.shareableAfter} />, and today{" "}
            <Money usd={preview.data.leftToday} /> more.
          </p>
        )}
        {error && (
          <p role="alert" className="text-sm text-bad">
            {describeError(error)}
          </p>
        )}
        {send.isSuccess && (
          <p role="status" className="text-sm text-good">
            On its way.
          </p>
        )}
        <Button type="submit" pending={preview.isPending || send.isPending}>
          {preview.data ? "Sign and send" : "Review"}
        </Button>
      </form>
    </Card>
  );
}

/** What was shown is what is sent to: a name may lead elsewhere a moment later. */
function shown(to: Draft["to"], preview: Preview): Draft["to"] {
  if (!("name" in to) || !("dryRun" in preview)) return to;
  const { wallet, account } = preview.to;
  if (wallet !== null) return { wallet };
  return account === null ? to : { account };
}
