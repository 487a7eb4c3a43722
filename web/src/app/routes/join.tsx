import { useNavigate, useParams } from "@tanstack/react-router";
import { ConnectButton } from "../../features/sign-in/connect-button.tsx";
import { JoinPage } from "../../features/team/join-page.tsx";
import { useSession } from "../../lib/session.ts";

export function JoinRoute() {
  const { token } = useParams({ from: "/join/$token" });
  const { data: account } = useSession();
  const navigate = useNavigate();
  return (
    <JoinPage
      token={token}
      signIn={account ? null : <ConnectButton />}
      onJoined={() => void navigate({ to: "/team" })}
    />
  );
}
