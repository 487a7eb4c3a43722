import { parseUsd } from "@infr/money";
import { isAddressEqual } from "viem";
import { useConnection } from "wagmi";
import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { TransactionProgress } from "../../components/transaction-progress.tsx";
import { Button } from "../../components/ui/button.tsx";
import type { Allowance } from "../../lib/api.ts";
import { displayUsd, shortHex } from "../../lib/format.ts";
import { useAllow } from "./use-allow.ts";

interface AllowancePartProps {
  allowance: Allowance;
  accountId: string;
  /** As much as is to be allowed; null where what was typed is no amount. */
  ceiling: string | null;
}

/** What the owner's wallet allows, as the chain says it, and the transactions that change it. */
export function AllowancePart({ allowance, accountId, ceiling }: AllowancePartProps) {
  const { state, allow, takeBack, reset } = useAllow(accountId);
  const { address } = useConnection();
  const { wallet, approved, perPeriod, left, balance, shortage } = allowance;
  const isOwner = address !== undefined && isAddressEqual(address, wallet);
  const allowsAny = parseUsd(approved) > 0n || parseUsd(perPeriod) > 0n;
  if (state.stage !== "idle") return <TransactionProgress state={state} onClose={reset} />;
  return (
    <section aria-label="Allowance" className="rounded-lg border px-4 py-2">
      <Facts>
        <Fact name="Approved" hint="Taken in all, until you approve anew">
          <Money usd={approved} />
        </Fact>
        <Fact name="Consented to" hint="In 30 days, to be turned into your own credit and nothing else">
          <Money usd={perPeriod} />
        </Fact>
        <Fact name="Left in this period">
          <Money usd={left} />
        </Fact>
        <Fact name="USDC in the wallet" hint={shortHex(wallet)}>
          <Money usd={balance} />
        </Fact>
      </Facts>
      {shortage !== null && <p className="border-t py-2.5 text-sm text-pretty text-muted">{shortage}</p>}
      <div className="flex flex-wrap items-center gap-2 border-t py-3">
        <Button
          size="sm"
          disabled={!isOwner || ceiling === null}
          onClick={() => ceiling !== null && allow(allowance, ceiling)}
        >
          {ceiling === null ? "Allow" : `Allow exactly ${displayUsd(ceiling)}`}
        </Button>
        {allowsAny && (
          <Button size="sm" variant="danger" disabled={!isOwner} onClick={() => takeBack(allowance)}>
            Take back
          </Button>
        )}
        {!isOwner && (
          <p className="text-[13px] text-muted">Connect {shortHex(wallet)}, which owns this account: it has to sign.</p>
        )}
      </div>
    </section>
  );
}
