import { type FormEvent, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError } from "../../lib/errors.ts";
import { useSwitchAccount } from "../../lib/memberships.ts";
import { useCreateTeam } from "./use-team.ts";

const NAME_LENGTH = 64;

/** A name, and for those who want it their own key: then nothing of the team moves without it. */
export function CreateTeam() {
  const [name, setName] = useState("");
  const [owner, setOwner] = useState("");
  const create = useCreateTeam();
  const switchAccount = useSwitchAccount();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = { name: name.trim(), ...(owner.trim() === "" ? {} : { owner: owner.trim() }) };
    create.mutate(wanted, { onSuccess: (team) => switchAccount.mutate(team.id) });
  };
  const error = create.error ?? switchAccount.error;
  return (
    <Card aria-labelledby="create-team">
      <CardHeader
        id="create-team"
        title="Create a team"
        description="A balance of its own, with roles and budgets for its people."
      />
      <form onSubmit={submit} className="flex flex-col gap-4 p-5 sm:p-6">
        <TextField
          label="Team name"
          required
          maxLength={NAME_LENGTH}
          autoComplete="organization"
          value={name}
          onValueChange={setName}
        />
        <TextField
          label="Owner in the contract"
          placeholder="0x…"
          autoComplete="off"
          value={owner}
          onValueChange={setOwner}
          hint="A wallet of yours or a Safe, which then signs for what leaves the team. Empty: the platform signs for it."
        />
        {error && (
          <p role="alert" className="text-sm text-bad">
            {describeError(error)}
          </p>
        )}
        <Button type="submit" pending={create.isPending || switchAccount.isPending}>
          Create team
        </Button>
      </form>
    </Card>
  );
}
