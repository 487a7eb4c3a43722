import { useState } from "react";
import { useConnection } from "wagmi";
import { TransactionProgress } from "../../components/transaction-progress.tsx";
import { Card } from "../../components/ui/card.tsx";
import type { Account } from "../../lib/api.ts";
import { isBusy } from "../../lib/transaction-flow/flow-state.ts";
import { DepositForm, FIRST_DRAFT } from "./deposit-form.tsx";
import { useDeposit } from "./use-deposit.ts";
import { WalletChoice } from "./wallet-choice.tsx";

/** The form until something is under way, then where it stands. */
export function DepositPanel({ account }: { account: Account }) {
  const { isConnected } = useConnection();
  const { state, start, reset } = useDeposit(account);
  // Kept here: a refused signature leads back to the form as it was.
  const [draft, setDraft] = useState(FIRST_DRAFT);
  if (state.stage !== "idle") return <TransactionProgress state={state} onClose={reset} />;
  return (
    <Card className="p-5 sm:p-6">
      {isConnected ? (
        <DepositForm draft={draft} onChange={setDraft} disabled={isBusy(state)} onSubmit={start} />
      ) : (
        <WalletChoice />
      )}
    </Card>
  );
}
