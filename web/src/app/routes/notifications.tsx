import { Page } from "../../components/page.tsx";
import { EndpointsCard } from "../../features/notifications/endpoints-card.tsx";
import { MailChoices } from "../../features/settings/mail-choices.tsx";
import { SignedIn } from "../signed-in.tsx";

export const NotificationsRoute = () => (
  <SignedIn>
    {(account) => (
      <Page key={account.id} title="Notifications" description="What your server is told, and what you are.">
        <div className="flex flex-col gap-6">
          <EndpointsCard />
          <MailChoices />
        </div>
      </Page>
    )}
  </SignedIn>
);
