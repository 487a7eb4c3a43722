import { type FormEvent, useState } from "react";
import { CodeLine } from "../../components/code-line.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError } from "../../lib/errors.ts";
import { useCreateEndpoint } from "./use-webhooks.ts";

/** The button and its window: a URL, then the secret that deliveries are signed with, shown this once. */
export function AddEndpoint() {
  const [open, setOpen] = useState(false);
  const [url, setUrl] = useState("");
  const create = useCreateEndpoint();
  const change = (next: boolean) => {
    setOpen(next);
    if (!next) return;
    create.reset();
    setUrl("");
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(url.trim());
  };
  return (
    <>
      <Button size="sm" onClick={() => change(true)}>
        Add webhook
      </Button>
      <Dialog
        open={open}
        onOpenChange={change}
        title={create.isSuccess ? "Its secret" : "Add webhook"}
        description={
          create.isSuccess
            ? "Copy it now, it can't be shown again. With it your server checks that a delivery is ours."
            : "Every event of this account is posted there, and tried again for days if your server is down."
        }
      >
        {create.isSuccess ? (
          <>
            <CodeLine label="Secret" text={create.data.secret} />
            <Button className="mt-5 w-full" onClick={() => change(false)}>
              Done
            </Button>
          </>
        ) : (
          <form onSubmit={submit} className="flex flex-col gap-5">
            <TextField
              label="URL"
              type="url"
              required
              placeholder="https://example.com/hooks"
              value={url}
              onValueChange={setUrl}
              error={create.error ? describeError(create.error) : null}
            />
            <Button type="submit" pending={create.isPending}>
              Add
            </Button>
          </form>
        )}
      </Dialog>
    </>
  );
}
