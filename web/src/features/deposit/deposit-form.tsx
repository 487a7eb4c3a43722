import { formatUsdc, type MicroUsdc, parseUsdc } from "@infr/money";
import { type FormEvent, useState } from "react";
import { useConnection } from "wagmi";
import { Money } from "../../components/money.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Choice } from "../../components/ui/choice.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { useAppConfig } from "../../lib/app-config.ts";
import { displayUsd } from "../../lib/format.ts";
import { checkAmount } from "./amount.ts";
import type { DepositInput, DepositWay } from "./use-deposit.ts";
import { useWalletUsdc } from "./use-wallet-usdc.ts";

const PRESETS = ["10", "25", "50", "100"];
const WAYS = [
  { value: "gasless", label: "Gasless", hint: "Sign only; infr sends it and pays the fee" },
  { value: "wallet", label: "From the wallet", hint: "Approve and send; you pay the fee" },
] satisfies { value: DepositWay; label: string; hint: string }[];

/** What somebody has chosen so far. */
export interface DepositDraft {
  amount: string;
  way: DepositWay;
}

export const FIRST_DRAFT: DepositDraft = { amount: "25", way: "gasless" };

interface DepositFormProps {
  draft: DepositDraft;
  onChange: (draft: DepositDraft) => void;
  disabled: boolean;
  onSubmit: (input: DepositInput) => void;
}

export function DepositForm({ draft, onChange, disabled, onSubmit }: DepositFormProps) {
  const { minDepositUsd, chainId } = useAppConfig();
  const connection = useConnection();
  const available = useWalletUsdc(connection.address).data;
  const { amount: text, way } = draft;
  const [touched, setTouched] = useState(false);
  const { amount, error } = checkAmount(text, { minimum: parseUsdc(minDepositUsd), available });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTouched(true);
    if (amount !== null) onSubmit({ amount, way });
  };
  const choose = (value: string) => {
    onChange({ ...draft, amount: value });
    setTouched(true);
  };

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <div>
        <TextField
          label="Amount in USDC"
          prefix="$"
          inputMode="decimal"
          autoComplete="off"
          value={text}
          disabled={disabled}
          onValueChange={choose}
          error={touched ? error : null}
          hint={`Minimum ${displayUsd(minDepositUsd)}. Credit does not expire.`}
          inputClassName="h-14 text-2xl sm:text-2xl font-semibold tabular-nums pl-9"
        />
        <div className="mt-3 flex flex-wrap items-center gap-2">
          {PRESETS.map((preset) => (
            <Button
              key={preset}
              variant="secondary"
              size="sm"
              disabled={disabled}
              aria-pressed={text === preset}
              className="min-w-14 tabular-nums aria-pressed:border-ink"
              onClick={() => choose(preset)}
            >
              ${preset}
            </Button>
          ))}
          {available !== undefined && (
            <span className="ml-auto text-[13px] text-muted">
              In wallet: <Money usd={formatUsdc(available as MicroUsdc)} className="text-ink" />
            </span>
          )}
        </div>
      </div>
      <Choice
        label="How"
        value={way}
        options={WAYS}
        onChange={(next) => onChange({ ...draft, way: next })}
        disabled={disabled}
      />
      <Button type="submit" size="lg" disabled={disabled || connection.chainId !== chainId}>
        {amount === null ? "Deposit" : `Deposit ${displayUsd(formatUsdc(amount))}`}
      </Button>
    </form>
  );
}
