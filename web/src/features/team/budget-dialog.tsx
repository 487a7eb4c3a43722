import { type FormEvent, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Select } from "../../components/ui/select.tsx";
import { describeError } from "../../lib/errors.ts";
import { PERIODS } from "./budgets.ts";
import { useSubjects } from "./use-subjects.ts";
import { type Subject, useSetLimit } from "./use-team.ts";

/** On whom, for how long, how much. One that there is gets the new amount. */
export function BudgetDialog() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="sm" onClick={() => setOpen(true)}>
        Set a budget
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Set a budget"
        description="It counts what was spent in its window already. Windows are in UTC; weeks begin on Monday."
      >
        <BudgetForm onDone={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function BudgetForm({ onDone }: { onDone: () => void }) {
  const { subjects } = useSubjects();
  const [chosen, setChosen] = useState("0");
  const [period, setPeriod] = useState<Subject["period"]>("month");
  const [amount, setAmount] = useState("");
  const set = useSetLimit();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const subject = subjects[Number(chosen)]?.subject;
    if (subject) set.mutate({ ...subject, period, amount: amount.trim() }, { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      <Select
        label="On"
        value={chosen}
        options={subjects.map(({ label }, index) => ({ value: String(index), label }))}
        onChange={setChosen}
      />
      <Select
        label="Window"
        value={period}
        options={Object.entries(PERIODS).map(([value, label]) => ({ value, label }))}
        onChange={(value) => setPeriod(value as Subject["period"])}
      />
      <TextField
        label="Amount"
        prefix="$"
        inputMode="decimal"
        required
        value={amount}
        onValueChange={setAmount}
        error={set.error ? describeError(set.error) : null}
      />
      <Button type="submit" pending={set.isPending}>
        Set budget
      </Button>
    </form>
  );
}
