import { useParams } from "@tanstack/react-router";
import { Page } from "../../components/page.tsx";
import { ClaimCard } from "../../features/claim/claim-card.tsx";
import { ConnectButton } from "../../features/sign-in/connect-button.tsx";

export function ClaimRoute() {
  const { id } = useParams({ from: "/claim/$id" });
  return (
    <Page title="Sent to you">
      <div className="max-w-xl">
        <ClaimCard id={id} signIn={<ConnectButton className="self-start" />} />
      </div>
    </Page>
  );
}
