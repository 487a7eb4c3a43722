import { type FormEvent, useState } from "react";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { TransactionLink } from "../../components/transaction-progress.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Select } from "../../components/ui/select.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Purchase } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { describeError } from "../../lib/errors.ts";
import { displayUsd } from "../../lib/format.ts";
import { readCents } from "../../lib/read-cents.ts";
import { type Provider, useBuy, usePurchases } from "./use-onramps.ts";

const NAMES: Record<Provider, string> = { coinbase: "Coinbase", moonpay: "MoonPay", stripe: "Stripe" };

const MOST_USD = "1000000";

const STATUS: Record<Purchase["status"], { label: string; tone: "neutral" | "good" | "bad" }> = {
  opened: { label: "Begun", tone: "neutral" },
  processing: { label: "Being paid", tone: "neutral" },
  sent: { label: "USDC sent", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
};

/** Buying USDC by card or bank, from somebody who sells it. */
export function OnrampPanel({ providers }: { providers: Provider[] }) {
  const purchases = usePurchases();
  return (
    <Card aria-label="Buy USDC" className="flex flex-col gap-6 p-5 sm:p-6">
      <BuyForm providers={providers} />
      <QueryView query={purchases} name="purchases" loading={<Skeleton className="h-16" />}>
        {(data) => data.length > 0 && <Purchases purchases={data} />}
      </QueryView>
    </Card>
  );
}

function BuyForm({ providers }: { providers: Provider[] }) {
  const { minDepositUsd } = useAppConfig();
  const [text, setText] = useState("50");
  const [isTold, setIsTold] = useState(false);
  const [provider, setProvider] = useState(providers[0]);
  const buy = useBuy();
  const { amount, error: mistake } = readCents(text, { least: minDepositUsd, most: MOST_USD });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTold(true);
    if (provider !== undefined && amount !== null) buy.mutate({ provider, amount });
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <p className="text-sm text-pretty text-muted">
        They sell USDC for money of a card or a bank, and send it to your address here. They ask who you are, and take a
        fee of their own.
      </p>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Amount"
          prefix="$"
          inputMode="decimal"
          autoComplete="off"
          value={text}
          onValueChange={setText}
          error={isTold ? mistake : null}
          hint={`At least ${displayUsd(minDepositUsd)}. They have limits of their own.`}
        />
        <Select
          label="From"
          value={provider ?? ""}
          options={providers.map((value) => ({ value, label: NAMES[value] }))}
          onChange={(next) => setProvider(providers.find((one) => one === next))}
        />
      </div>
      {buy.error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(buy.error)}
        </p>
      )}
      <Button type="submit" size="lg" pending={buy.isPending}>
        {provider === undefined ? "Go on" : `Go on to ${NAMES[provider]}`}
      </Button>
    </form>
  );
}

const Purchases = ({ purchases }: { purchases: Purchase[] }) => (
  <section aria-labelledby="purchases">
    <h3 id="purchases" className="text-sm font-medium">
      Purchases
    </h3>
    <ul className="mt-1 divide-y text-sm">
      {purchases.map(({ id, provider, amount, status, transactionHash, createdAt }) => (
        <li key={id} className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 py-2">
          <span className="text-muted">
            {NAMES[provider]}, <TimeAgo iso={createdAt} />
          </span>
          {transactionHash !== null && <TransactionLink hash={transactionHash} />}
          <Badge tone={STATUS[status].tone}>{STATUS[status].label}</Badge>
          {amount !== null && <Money usd={amount} className="font-medium" />}
        </li>
      ))}
    </ul>
  </section>
);
