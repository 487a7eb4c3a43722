import { useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import type { ApiKey } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { useRevokeKey } from "./use-keys.ts";

/** Asks before it revokes: there is no way back. */
export function RevokeKey({ apiKey }: { apiKey: ApiKey }) {
  const [open, setOpen] = useState(false);
  const revoke = useRevokeKey();
  return (
    <>
      <Button variant="danger" size="sm" aria-label={`Revoke ${apiKey.name}`} onClick={() => setOpen(true)}>
        Revoke
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Revoke this key?"
        description={`Whatever uses "${apiKey.name}" is refused from now on. This can't be undone.`}
      >
        {revoke.error && (
          <p role="alert" className="mb-4 text-sm text-bad">
            {describeError(revoke.error)}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button variant="secondary" onClick={() => setOpen(false)}>
            Keep it
          </Button>
          <Button
            variant="danger"
            pending={revoke.isPending}
            onClick={() => revoke.mutate(apiKey.id, { onSuccess: () => setOpen(false) })}
          >
            Revoke key
          </Button>
        </div>
      </Dialog>
    </>
  );
}
