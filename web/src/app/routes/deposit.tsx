import { DepositPage } from "../../features/deposit/deposit-page.tsx";
import { RedeemCard } from "../../features/gifts/redeem-card.tsx";
import { RechargeCard } from "../../features/recharge/recharge-card.tsx";
import { SignedIn } from "../signed-in.tsx";

export const DepositRoute = () => (
  <SignedIn>
    {(account) => (
      <DepositPage
        key={account.id}
        account={account}
        redeem={<RedeemCard />}
        recharge={<RechargeCard account={account} />}
      />
    )}
  </SignedIn>
);
