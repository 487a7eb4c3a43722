import { Page } from "../../components/page.tsx";
import { DesktopNoticesCard } from "../../features/desktop-notices/desktop-notices-card.tsx";
import { MailChoices } from "../../features/settings/mail-choices.tsx";
import { NameCard } from "../../features/settings/name-card.tsx";
import { TakeOverCard } from "../../features/settings/take-over-card.tsx";
import { WaysIn } from "../../features/settings/ways-in.tsx";
import { SignedIn } from "../signed-in.tsx";

export const SettingsRoute = () => (
  <SignedIn>
    {(account) => (
      <Page key={account.id} title="Settings" description="Who you are to us, and what we tell you.">
        <div className="grid items-start gap-6 lg:grid-cols-2">
          <WaysIn />
          <TakeOverCard account={account} />
          <NameCard />
          <MailChoices />
          <DesktopNoticesCard />
        </div>
      </Page>
    )}
  </SignedIn>
);
