import { useState } from "react";
import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Account, Recharge } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { shortHex } from "../../lib/format.ts";
import { useMay } from "../../lib/memberships.ts";
import { RechargeForm } from "./recharge-form.tsx";
import { displayCooldown } from "./setting.ts";
import { type Sources, useSources, useTurnOff } from "./use-recharge.ts";

/** Credit that never runs out: what is paid when, by what, how it stands, and what stopped it. */
export const RechargeCard = ({ account }: { account: Account }) => useMay("funding") && <Shown account={account} />;

function Shown({ account }: { account: Account }) {
  const sources = useSources();
  return (
    <Card aria-labelledby="recharge">
      <CardHeader
        id="recharge"
        title="Automatic recharge"
        description="Paid by itself when your credit runs low, within limits that you set."
        action={sources.data?.recharge.by && <OnOff recharge={sources.data.recharge} />}
      />
      <div className="p-5 sm:p-6">
        <QueryView
          query={sources}
          name="automatic recharge"
          loading={<Skeleton className="h-32" />}
          isEmpty={({ recharge, cards, allowance }) =>
            recharge.by === null && !cards.offered && typeof allowance === "string"
          }
          empty={
            <EmptyNote title="Nothing to recharge from">
              Cards are not taken here, and{" "}
              {typeof sources.data?.allowance === "string" ? sources.data.allowance : "there is no wallet."}
            </EmptyNote>
          }
        >
          {(data) => <Setting key={data.recharge.by} sources={data} accountId={account.id} />}
        </QueryView>
      </div>
    </Card>
  );
}

const OnOff = ({ recharge: { enabled } }: { recharge: Recharge }) =>
  enabled ? <Badge tone="good">On</Badge> : <Badge tone="bad">Off</Badge>;

function Setting({ sources, accountId }: { sources: Sources; accountId: string }) {
  const { recharge } = sources;
  const [editing, setEditing] = useState(recharge.by === null);
  const turnOff = useTurnOff();
  if (editing)
    return (
      <RechargeForm
        sources={sources}
        accountId={accountId}
        onDone={() => setEditing(false)}
        cancels={recharge.by !== null}
      />
    );
  return (
    <div className="flex flex-col gap-4">
      {!recharge.enabled && (
        <p role="status" className="rounded-lg bg-bad-soft p-3 text-sm text-pretty text-bad">
          It is off. {recharge.disabledReason}
        </p>
      )}
      <SettingFacts sources={sources} />
      {turnOff.error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(turnOff.error)}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button variant={recharge.enabled ? "secondary" : "primary"} onClick={() => setEditing(true)}>
          {recharge.enabled ? "Change" : "Turn on again"}
        </Button>
        {recharge.enabled && (
          <Button variant="danger" pending={turnOff.isPending} onClick={() => turnOff.mutate()}>
            Turn off
          </Button>
        )}
      </div>
      <Recharges recharges={recharge.recharges} />
    </div>
  );
}

function SettingFacts({ sources: { recharge, cards, allowance } }: { sources: Sources }) {
  const { by, cardId, threshold, target, ceiling, usedThisMonth, cooldownSeconds } = recharge;
  if (threshold === null || target === null || ceiling === null || cooldownSeconds === null) return null;
  const card = cards.cards.find(({ id }) => id === cardId);
  return (
    <Facts>
      <Fact name="Paid">
        {by === "card" && (card ? `by ${card.brand} •••• ${card.last4}` : "by card")}
        {by === "usdc" && (typeof allowance === "string" ? "in USDC" : `in USDC by ${shortHex(allowance.wallet)}`)}
      </Fact>
      <Fact name="When credit falls below" hint="Without what running requests hold">
        <Money usd={threshold} />
      </Fact>
      <Fact name="Up to">
        <Money usd={target} />
      </Fact>
      <Fact name="Paid this month" hint="Calendar month, UTC">
        <Money usd={usedThisMonth} /> of <Money usd={ceiling} />
      </Fact>
      <Fact name="At most once in">{displayCooldown(cooldownSeconds)}</Fact>
      {by === "usdc" && typeof allowance !== "string" && (
        <Fact name="Your wallet lets us take" hint={allowance.shortage ?? "In this period of 30 days"}>
          <Money usd={allowance.left} />
        </Fact>
      )}
    </Facts>
  );
}

const STATE = { pending: "On its way", paid: "Paid", failed: "Failed" } as const;

const Recharges = ({ recharges }: { recharges: Recharge["recharges"] }) =>
  recharges.length > 0 && (
    <ul aria-label="Recharges" className="divide-y border-t text-sm">
      {recharges.map(({ id, amount, state, startedAt }) => (
        <li key={id} className="flex items-baseline justify-between gap-4 py-2">
          <span className="text-muted">
            <TimeAgo iso={startedAt} />
          </span>
          <span className={state === "failed" ? "text-bad" : "text-muted"}>{STATE[state]}</span>
          <Money usd={amount} />
        </li>
      ))}
    </ul>
  );
