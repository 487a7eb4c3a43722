import { type FormEvent, useState } from "react";
import { CheckList } from "../../components/check-list.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError } from "../../lib/errors.ts";
import { useCheckDay } from "./use-check-day.ts";

const DAY_MS = 86_400_000;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Everybody can check that he was counted in when the day's liabilities were added up. */
export function OwnShare() {
  const [yesterday] = useState(() => dayOf(Date.now() - DAY_MS));
  const [day, setDay] = useState(yesterday);
  const check = useCheckDay();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    check.mutate(day);
  };
  return (
    <Card aria-labelledby="share">
      <CardHeader
        id="share"
        title="Your part of it"
        description="At each day's end all that is owed is added up in a tree. Check that your account is in it, whole."
      />
      <div className="flex flex-col gap-4 p-5 sm:p-6">
        <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
          <TextField
            label="Day (UTC)"
            type="date"
            required
            max={yesterday}
            value={day}
            onValueChange={setDay}
            className="w-44"
          />
          <Button type="submit" variant="secondary" pending={check.isPending}>
            Check my account
          </Button>
        </form>
        {check.error && (
          <p role="alert" className="text-sm text-bad">
            {describeError(check.error)}
          </p>
        )}
        {check.data && (
          <div role="status">
            <CheckList label="Checks" checks={check.data.checks} />
          </div>
        )}
      </div>
    </Card>
  );
}
