import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { CodeLine } from "../../components/code-line.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Select } from "../../components/ui/select.tsx";
import { describeError } from "../../lib/errors.ts";
import { rememberNewKey, useCreateKey } from "../../lib/new-key.ts";
import { useProjects } from "../../lib/team.ts";

const NAME_LENGTH = 64;

/** The button and its window: a name, then the key, shown this once. */
export function CreateKeyDialog({ size }: { size?: "sm" | "md" }) {
  const [open, setOpen] = useState(false);
  const createKey = useCreateKey();
  const queries = useQueryClient();
  const change = (next: boolean) => {
    setOpen(next);
    if (next) createKey.reset();
  };

  return (
    <>
      <Button size={size} onClick={() => change(true)}>
        Create key
      </Button>
      <Dialog
        open={open}
        onOpenChange={change}
        title={createKey.isSuccess ? "Your new key" : "Create API key"}
        description={
          createKey.isSuccess
            ? "Copy it now: only a hash of it is kept, so it can't be shown again."
            : "Whoever has the key can spend this account's credit."
        }
      >
        {createKey.isSuccess ? (
          <>
            <CodeLine label={createKey.data.name} text={createKey.data.key} />
            <Button className="mt-5 w-full" onClick={() => change(false)}>
              Done
            </Button>
          </>
        ) : (
          <NameForm
            pending={createKey.isPending}
            error={createKey.error ? describeError(createKey.error) : null}
            onSubmit={(wanted) =>
              createKey.mutate(wanted, { onSuccess: (created) => rememberNewKey(queries, created) })
            }
          />
        )}
      </Dialog>
    </>
  );
}

interface NameFormProps {
  pending: boolean;
  error: string | null;
  onSubmit: (wanted: { name: string; project?: string }) => void;
}

function NameForm({ pending, error, onSubmit }: NameFormProps) {
  const [name, setName] = useState("");
  const [project, setProject] = useState("");
  const projects = useProjects().data?.projects.filter(({ archivedAt }) => archivedAt === null) ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit({ name: name.trim() || "Unnamed", ...(project === "" ? {} : { project }) });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      <TextField
        label="Name"
        placeholder="e.g. laptop"
        maxLength={NAME_LENGTH}
        autoComplete="off"
        value={name}
        onValueChange={setName}
        error={error}
        hint="So that you can tell it from the others."
      />
      {projects.length > 0 && (
        <Select
          label="Project"
          value={project}
          options={[{ value: "", label: "None" }, ...projects.map((one) => ({ value: one.name, label: one.name }))]}
          onChange={setProject}
        />
      )}
      <Button type="submit" pending={pending}>
        Create key
      </Button>
    </form>
  );
}
