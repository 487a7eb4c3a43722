import { Switch } from "@base-ui/react/switch";
import { QueryView } from "../../components/query-view.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { type MailKind, useChooseMails, useMailKinds } from "./use-settings.ts";

const KINDS = {
  security: { label: "Security", hint: "Codes, and what changes about how you sign in. Always sent." },
  balance: { label: "Low balance", hint: "Below $5, $1, and when it is used up." },
  credit: { label: "Credit", hint: "What comes to you, and what becomes of what you sent." },
  billing: { label: "Billing", hint: "Statements, cards, subscriptions." },
  team: { label: "Teams", hint: "Invitations, and what changes for you in a team." },
  developer: { label: "Developer", hint: "Webhooks that can't be delivered." },
} as const;

/** Which mails somebody gets, at all his addresses. */
export function MailChoices() {
  const kinds = useMailKinds();
  return (
    <Card aria-labelledby="mails">
      <CardHeader id="mails" title="E-mails" />
      <div className="px-5 pt-2 pb-4 sm:px-6">
        <QueryView query={kinds} name="e-mails" loading={<Skeleton className="my-4 h-40" />}>
          {(data) => (
            <ul className="divide-y">
              {data.kinds.map((kind) => (
                <KindRow key={kind.kind} kind={kind} />
              ))}
            </ul>
          )}
        </QueryView>
      </div>
    </Card>
  );
}

function KindRow({ kind: { kind, wanted, optional } }: { kind: MailKind }) {
  const choose = useChooseMails();
  const { label, hint } = KINDS[kind];
  const id = `mail-${kind}`;
  return (
    <li className="flex items-center justify-between gap-6 py-3 text-sm">
      <span id={id}>
        {label}
        <span className="block text-xs text-pretty text-muted">{hint}</span>
      </span>
      <Switch.Root
        aria-labelledby={id}
        checked={wanted}
        disabled={!optional || choose.isPending}
        onCheckedChange={(checked) => choose.mutate({ kind, wanted: checked })}
        className="h-6 w-10 shrink-0 rounded-full border bg-sunken p-0.5 transition-colors data-checked:bg-ink data-disabled:opacity-60"
      >
        <Switch.Thumb className="block size-4.5 rounded-full bg-surface shadow-card transition-transform data-checked:translate-x-4" />
      </Switch.Root>
    </li>
  );
}
