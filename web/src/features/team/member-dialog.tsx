import { useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import { describeError } from "../../lib/errors.ts";
import { shortName } from "../../lib/format.ts";
import { useMay, useMemberships, useSwitchAccount } from "../../lib/memberships.ts";
import { RoleChoice } from "./role-choice.tsx";
import {
  type GivenRole,
  type Member,
  useAcceptTeam,
  useChangeRole,
  useEndOffer,
  useOfferTeam,
  useRemoveMember,
} from "./use-team.ts";

interface MemberDialogProps {
  member: Member;
  isSelf: boolean;
  /** The team is offered to this one. */
  offered: boolean;
}

/** What can be done about one of the people, by who may. */
export function MemberDialog(props: MemberDialogProps) {
  const [open, setOpen] = useState(false);
  const mayManage = useMay("members");
  const { member, isSelf } = props;
  if (member.role === "owner" || !(mayManage || isSelf)) return null;
  const name = shortName(member.name ?? member.id);
  return (
    <>
      <Button variant="secondary" size="sm" aria-label={`Change ${name}`} onClick={() => setOpen(true)}>
        {isSelf && !mayManage ? "Leave" : "Change"}
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title={name}>
        <div className="flex flex-col gap-6">
          {mayManage && <ChangeRole member={member} onDone={() => setOpen(false)} />}
          <Handover {...props} />
          <Remove {...props} onDone={() => setOpen(false)} />
        </div>
      </Dialog>
    </>
  );
}

function ChangeRole({ member, onDone }: { member: Member; onDone: () => void }) {
  const [role, setRole] = useState<GivenRole>(member.role === "owner" ? "member" : member.role);
  const change = useChangeRole();
  return (
    <div className="flex flex-col gap-4">
      <RoleChoice value={role} onChange={setRole} />
      <Refusal error={change.error} />
      <Button
        disabled={role === member.role}
        pending={change.isPending}
        onClick={() => change.mutate({ userId: member.id, role }, { onSuccess: onDone })}
      >
        Save role
      </Button>
    </div>
  );
}

/** The owner offers, the other one accepts; both can end it. */
function Handover({ member, isSelf, offered }: MemberDialogProps) {
  const isOwner = useMay("ownership");
  const offer = useOfferTeam();
  const accept = useAcceptTeam();
  const end = useEndOffer();
  if (!isOwner && !(isSelf && offered)) return null;
  return (
    <div className="flex flex-col gap-3 border-t pt-5 text-sm">
      <p className="text-pretty text-muted">
        {offered
          ? "The team is offered to this member. Once accepted, the owner of today is an admin."
          : "The team can be handed over: once this member accepts, you are an admin."}
      </p>
      <Refusal error={offer.error ?? accept.error ?? end.error} />
      <div className="flex flex-wrap gap-2">
        {offered && isSelf && (
          <Button size="sm" pending={accept.isPending} onClick={() => accept.mutate()}>
            Take over the team
          </Button>
        )}
        {offered ? (
          <Button variant="secondary" size="sm" pending={end.isPending} onClick={() => end.mutate()}>
            {isSelf ? "Decline" : "Take the offer back"}
          </Button>
        ) : (
          <Button variant="secondary" size="sm" pending={offer.isPending} onClick={() => offer.mutate(member.id)}>
            Offer the team
          </Button>
        )}
      </div>
    </div>
  );
}

function Remove({ member, isSelf, onDone }: MemberDialogProps & { onDone: () => void }) {
  const remove = useRemoveMember();
  const { data: accounts = [] } = useMemberships();
  const home = accounts.find(({ kind }) => kind === "personal");
  const switchAccount = useSwitchAccount();
  const after = () => (isSelf && home ? switchAccount.mutate(home.id, { onSuccess: onDone }) : onDone());
  return (
    <div className="flex flex-col gap-3 border-t pt-5 text-sm">
      <p className="text-pretty text-muted">
        {isSelf
          ? "All API keys that you made for this team end."
          : "All API keys that this member made for the team end."}
      </p>
      <Refusal error={remove.error ?? switchAccount.error} />
      <Button
        variant="danger"
        pending={remove.isPending || switchAccount.isPending}
        onClick={() => remove.mutate(member.id, { onSuccess: after })}
      >
        {isSelf ? "Leave the team" : "Remove from the team"}
      </Button>
    </div>
  );
}

const Refusal = ({ error }: { error: Error | null }) =>
  error && (
    <p role="alert" className="text-sm text-bad">
      {describeError(error)}
    </p>
  );
