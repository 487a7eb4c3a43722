import type { ReactNode } from "react";
import { Page } from "../../components/page.tsx";
import { ChainFigures } from "./chain-figures.tsx";
import { PlatformFigures } from "./platform-figures.tsx";

/** What is held and what is owed: as the contract says, as the platform's books say, and for each account by itself. */
export const ReservesPage = ({ ownShare }: { ownShare: ReactNode }) => (
  <Page
    title="Reserves"
    description="Every dollar of credit, earnings and open gift codes is covered by USDC in one contract. See for yourself."
  >
    <div className="flex flex-col gap-6">
      <ChainFigures />
      <PlatformFigures />
      {ownShare}
    </div>
  </Page>
);
