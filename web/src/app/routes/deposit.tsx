import { useEffect, useState } from "react";
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
  const [asked] = useState(askedFor);
  // It is news once: a reload begins with the wallet again, and with what is on its way there.
  useEffect(() => window.history.replaceState(window.history.state, "", `/deposit${window.location.hash}`), []);
  return (
    <SignedIn>
      {(account) => (
        <DepositPage
          key={account.id}
          account={account}
          ways={waysOf(config, asked)}
          way={asked.way}
          redeem={<RedeemCard />}
          recharge={<RechargeCard account={account} />}
        />
      )}
    </SignedIn>
  );
}

/** What this platform takes beside USDC. */
function waysOf({ cards, onramps, plans }: Config, { payment, plan }: Asked): Tab[] {
  return [
    ...(cards ? [{ name: "card", label: "Card", panel: <CardPanel limits={cards} made={payment} /> }] : []),
    ...(onramps.length > 0 ? [{ name: "buy", label: "Buy USDC", panel: <OnrampPanel providers={onramps} /> }] : []),
    ...(plans ? [{ name: "plans", label: "Plans", panel: <PlansPanel begun={plan} /> }] : []),
  ];
}

interface Asked {
  way: string | undefined;
  /** What somebody has just paid, or subscribed to, on the processor's page. */
  payment: string | null;
  plan: string | null;
}

/** A link names the way to pay; who comes back from the processor's page sees what came of it. */
function askedFor(): Asked {
  const query = new URLSearchParams(window.location.search);
  const [payment, plan] = [query.get("payment"), query.get("plan")];
  const way = payment !== null ? "card" : plan !== null ? "plans" : (query.get("way") ?? undefined);
  return { way, payment, plan };
}
