import { useParams } from "@tanstack/react-router";
import { Page } from "../../components/page.tsx";
import { ConnectButton } from "../../features/sign-in/connect-button.tsx";
import { PayCard } from "../../features/transfer/pay-card.tsx";

export function PayRoute() {
  const { id } = useParams({ from: "/pay/$id" });
  return (
    <Page title="Pay">
      <div className="max-w-xl">
        <PayCard id={id} signIn={<ConnectButton className="self-start" />} />
      </div>
    </Page>
  );
}
