import type { ReactNode } from "react";
import { Page } from "../../components/page.tsx";
import { type Tab, Tabs } from "../../components/ui/tabs.tsx";
import type { Account } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { AddressPanel } from "./address-panel.tsx";
import { DepositList } from "./deposit-list.tsx";
import { DepositPanel } from "./deposit-panel.tsx";
import { DevTools } from "./dev-tools.tsx";

interface DepositPageProps {
  account: Account;
  /** Ways to pay beside USDC that one has. */
  ways: Tab[];
  /** The name of the way that is shown first. */
  way: string | undefined;
  redeem: ReactNode;
  recharge: ReactNode;
}

export function DepositPage({ account, ways, way, redeem, recharge }: DepositPageProps) {
  const { dev, chainName } = useAppConfig();
  return (
    <Page
      title="Deposit"
      description="One dollar of credit is one USDC, held by a contract that anybody can check. Base only: USDC on other chains does not arrive."
    >
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-6">
          <Tabs
            label="Pay with"
            initial={way}
            tabs={[
              { name: "wallet", label: "Wallet", panel: <DepositPanel account={account} /> },
              { name: "address", label: "Address", panel: <AddressPanel /> },
              ...ways,
            ]}
          />
          {recharge}
        </div>
        <div className="flex flex-col gap-6">
          <Facts chainName={chainName} />
          {redeem}
          {dev && <DevTools />}
        </div>
      </div>
      <div className="mt-6">
        <DepositList />
      </div>
    </Page>
  );
}

function Facts({ chainName }: { chainName: string }) {
  const facts = [
    ["Network", chainName],
    ["Usable", "about a second after its block"],
    ["Cash out", "credit buys inference; it is not paid back"],
  ];
  return (
    <dl className="flex flex-col gap-3 px-1 py-1 text-sm">
      {facts.map(([term, text]) => (
        <div key={term} className="flex justify-between gap-6 border-b pb-3 last:border-b-0">
          <dt className="whitespace-nowrap text-muted">{term}</dt>
          <dd className="text-right">{text}</dd>
        </div>
      ))}
    </dl>
  );
}
