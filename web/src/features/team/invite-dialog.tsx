import { type FormEvent, useState } from "react";
import { CodeLine } from "../../components/code-line.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError } from "../../lib/errors.ts";
import { RoleChoice } from "./role-choice.tsx";
import { type GivenRole, type Invitee, useInvite } from "./use-team.ts";

/** By e-mail the link is sent; for a wallet it is shown, to pass on. */
export function InviteDialog() {
  const [open, setOpen] = useState(false);
  const invite = useInvite();
  const change = (next: boolean) => {
    setOpen(next);
    if (next) invite.reset();
  };
  return (
    <>
      <Button size="sm" onClick={() => change(true)}>
        Invite
      </Button>
      <Dialog
        open={open}
        onOpenChange={change}
        title={invite.isSuccess ? "Invited" : "Invite somebody"}
        description="Only who signs in with that address can accept, for seven days."
      >
        {invite.isSuccess ? (
          <>
            {invite.data.link === null ? (
              <p className="text-sm">The link is on its way by e-mail.</p>
            ) : (
              <CodeLine label="Link" text={invite.data.link} />
            )}
            <Button className="mt-5 w-full" onClick={() => change(false)}>
              Done
            </Button>
          </>
        ) : (
          <InviteForm
            pending={invite.isPending}
            error={invite.error ? describeError(invite.error) : null}
            onSubmit={(invitee) => invite.mutate(invitee)}
          />
        )}
      </Dialog>
    </>
  );
}

interface InviteFormProps {
  pending: boolean;
  error: string | null;
  onSubmit: (invitee: Invitee) => void;
}

function InviteForm({ pending, error, onSubmit }: InviteFormProps) {
  const [to, setTo] = useState("");
  const [role, setRole] = useState<GivenRole>("member");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const address = to.trim();
    onSubmit({ role, ...(/^0x/i.test(address) ? { wallet: address } : { email: address }) });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      <TextField
        label="E-mail address or wallet"
        placeholder="name@example.com or 0x…"
        autoComplete="off"
        required
        value={to}
        onValueChange={setTo}
        error={error}
      />
      <RoleChoice value={role} onChange={setRole} />
      <Button type="submit" pending={pending}>
        Invite
      </Button>
    </form>
  );
}
