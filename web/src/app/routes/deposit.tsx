import type { Tab } from "../../components/ui/tabs.tsx";
import { CardPanel } from "../../features/cards/card-panel.tsx";
import { DepositPage } from "../../features/deposit/deposit-page.tsx";
import { RedeemCard } from "../../features/gifts/redeem-card.tsx";
import { OnrampPanel } from "../../features/onramps/onramp-panel.tsx";
import { PlansPanel } from "../../features/plans/plans-panel.tsx";
import { RechargeCard } from "../../features/recharge/recharge-card.tsx";
import type { Config } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { SignedIn } from "../signed-in.tsx";

export function DepositRoute() {
  const config = useAppConfig();
  return (
    <SignedIn>
      {(account) => (
        <DepositPage
          key={account.id}
          account={account}
          ways={waysOf(config)}
          way={askedFor()}
          redeem={<RedeemCard />}
          recharge={<RechargeCard account={account} />}
        />
      )}
    </SignedIn>
  );
}

/** What this platform takes beside USDC. */
function waysOf({ cards, onramps, plans }: Config): Tab[] {
  return [
    ...(cards ? [{ name: "card", label: "Card", panel: <CardPanel limits={cards} /> }] : []),
    ...(onramps.length > 0 ? [{ name: "buy", label: "Buy USDC", panel: <OnrampPanel providers={onramps} /> }] : []),
    ...(plans ? [{ name: "plans", label: "Plans", panel: <PlansPanel /> }] : []),
  ];
}

/** A link names the way to pay; who comes back from the processor's page sees what came of it. */
function askedFor(): string | undefined {
  const query = new URLSearchParams(window.location.search);
  if (query.has("payment")) return "card";
  return query.has("plan") ? "plans" : (query.get("way") ?? undefined);
}
