import { formatUsd, nanoUsd, parseUsd } from "@infr/money";
import { type FormEvent, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Choice } from "../../components/ui/choice.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Select } from "../../components/ui/select.tsx";
import type { Allowance, Recharge } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { describeError } from "../../lib/errors.ts";
import { displayUsd } from "../../lib/format.ts";
import { plainUsd } from "../../lib/read-usd.ts";
import { AllowancePart } from "./allowance-part.tsx";
import { CardPart } from "./card-part.tsx";
import { COOLDOWNS, checkSetting, displayCooldown, type SettingText } from "./setting.ts";
import { type Sources, useTurnOn } from "./use-recharge.ts";

const WAYS = [
  { value: "usdc", label: "USDC", hint: "From the wallet that owns this account" },
  { value: "card", label: "Card", hint: "A saved one; such credit can't be shared at first" },
] as const;
const USUAL: SettingText = { threshold: "5", target: "25", ceiling: "100" };

interface RechargeFormProps {
  sources: Sources;
  accountId: string;
  onDone: () => void;
  /** There is a setting to go back to. */
  cancels: boolean;
}

export function RechargeForm({
  sources: { recharge, cards, allowance },
  accountId,
  onDone,
  cancels,
}: RechargeFormProps) {
  const { minDepositUsd } = useAppConfig();
  const ways = WAYS.filter(({ value }) => (value === "card" ? cards.offered : typeof allowance !== "string"));
  const [by, setBy] = useState<"usdc" | "card">(recharge.by ?? ways[0]?.value ?? "usdc");
  const [cardId, setCardId] = useState(recharge.cardId ?? cards.cards[0]?.id ?? null);
  const [text, setText] = useState<SettingText>(textOf(recharge));
  const [cooldown, setCooldown] = useState(String(recharge.cooldownSeconds ?? 3_600));
  const [told, setTold] = useState(false);
  const turnOn = useTurnOn();
  const errors = checkSetting(text, minDepositUsd);
  const isFine = Object.keys(errors).length === 0;
  const isReady = by === "card" ? cardId !== null : isAllowed(allowance, minDepositUsd);
  const change = (field: keyof SettingText) => (value: string) => setText({ ...text, [field]: value });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTold(true);
    if (!isFine || !isReady) return;
    const [threshold, target, ceiling] = [plain(text.threshold), plain(text.target), plain(text.ceiling)];
    const setting = { by, threshold, target, ceiling, cooldownSeconds: Number(cooldown) };
    turnOn.mutate({ ...setting, ...(by === "card" && cardId !== null && { cardId }) }, { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      {ways.length > 1 && <Choice label="Paid by" value={by} options={[...ways]} onChange={setBy} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="When credit falls below"
          prefix="$"
          inputMode="decimal"
          value={text.threshold}
          onValueChange={change("threshold")}
          error={told ? errors.threshold : null}
        />
        <TextField
          label="Recharge up to"
          prefix="$"
          inputMode="decimal"
          value={text.target}
          onValueChange={change("target")}
          error={told ? errors.target : null}
          hint={`At least ${displayUsd(minDepositUsd)} more.`}
        />
        <TextField
          label="At most in a month"
          prefix="$"
          inputMode="decimal"
          value={text.ceiling}
          onValueChange={change("ceiling")}
          error={told ? errors.ceiling : null}
          hint="Calendar month, UTC."
        />
        <Select label="At most once in" value={cooldown} options={cooldownsWith(cooldown)} onChange={setCooldown} />
      </div>
      {by === "card" ? (
        <CardPart cards={cards} cardId={cardId} onCard={setCardId} amount={isFine ? firstPayment(text) : null} />
      ) : (
        typeof allowance !== "string" && (
          <AllowancePart
            allowance={allowance}
            accountId={accountId}
            ceiling={errors.ceiling ? null : plain(text.ceiling)}
          />
        )
      )}
      {turnOn.error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(turnOn.error)}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" pending={turnOn.isPending} disabled={!isReady}>
          Turn on
        </Button>
        {cancels && (
          <Button variant="ghost" onClick={onDone}>
            Cancel
          </Button>
        )}
      </div>
    </form>
  );
}

const textOf = ({ threshold, target, ceiling }: Recharge): SettingText =>
  threshold === null || target === null || ceiling === null ? USUAL : { threshold, target, ceiling };

/** As the API wants amounts: digits. */
const plain = (text: string): string => plainUsd(text) ?? "";

const firstPayment = ({ threshold, target }: SettingText): string =>
  formatUsd(nanoUsd(parseUsd(plain(target)) - parseUsd(plain(threshold))));

/** A cooldown that was set through the API is kept. */
const cooldownsWith = (value: string) =>
  COOLDOWNS.some((known) => known.value === value)
    ? COOLDOWNS
    : [{ value, label: displayCooldown(Number(value)) }, ...COOLDOWNS];

/** Whether the wallet has approved and consented to as much as can be deposited at all: less is refused by the API. */
const isAllowed = (allowance: Allowance | string, leastUsd: string): boolean =>
  typeof allowance !== "string" &&
  [allowance.approved, allowance.perPeriod].every((usd) => parseUsd(usd) >= parseUsd(leastUsd));
