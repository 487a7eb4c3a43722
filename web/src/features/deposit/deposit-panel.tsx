import { useConnection } from "wagmi";
import { TransactionProgress } from "../../components/transaction-progress.tsx";
import { Card } from "../../components/ui/card.tsx";
import type { Account } from "../../lib/api.ts";
import { isBusy } from "../../lib/transaction-flow/flow-state.ts";
import { DepositForm } from "./deposit-form.tsx";
import { useDeposit } from "./use-deposit.ts";
import { WalletChoice } from "./wallet-choice.tsx";

/** The form until something is under way, then where it stands. */
export function DepositPanel({ account }: { account: Account }) {
  const { isConnected } = useConnection();
  const { state, start, reset } = useDeposit(account);
  if (state.stage !== "idle") return <TransactionProgress state={state} onClose={reset} />;
  return (
    <Card className="p-5 sm:p-6">
      {isConnected ? <DepositForm disabled={isBusy(state)} onSubmit={start} /> : <WalletChoice />}
    </Card>
  );
}
