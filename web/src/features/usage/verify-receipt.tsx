import { ShieldCheck } from "lucide-react";
import { CheckList } from "../../components/check-list.tsx";
import { TransactionLink } from "../../components/transaction-progress.tsx";
import { Button } from "../../components/ui/button.tsx";
import { useAppConfig } from "../../lib/app-config.ts";
import { describeError } from "../../lib/errors.ts";
import { useVerifyReceipt } from "./use-verify-receipt.ts";

/** The receipt of a request in a batch: press, and the browser checks it against the chain. */
export function VerifyReceipt({ requestId, batchSeq }: { requestId: string; batchSeq: number | null }) {
  const verify = useVerifyReceipt();
  const { contracts } = useAppConfig();
  if (batchSeq === null) {
    return (
      <p className="text-sm text-pretty text-muted">
        Not settled yet. Its receipt can be checked when its batch is on-chain: usage of $0.20 goes into the next one,
        less within a day.
      </p>
    );
  }
  return (
    <div className="flex flex-col gap-4">
      <p className="text-sm text-pretty text-muted">
        Your browser checks the charge against the contract{" "}
        <span className="font-mono text-xs break-all">{contracts.escrow}</span>. The API is not asked to vouch for
        itself.
      </p>
      <Button variant="secondary" pending={verify.isPending} onClick={() => verify.mutate(requestId)}>
        {!verify.isPending && <ShieldCheck aria-hidden />}
        {verify.isPending ? "Asking the chain" : "Verify"}
      </Button>
      {verify.error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(verify.error)}
        </p>
      )}
      {verify.data && (
        <div role="status" className="flex flex-col gap-4">
          <p className={verify.data.ok ? "text-sm font-medium text-good" : "text-sm font-medium text-bad"}>
            {verify.data.ok
              ? `Verified: this charge is in batch ${verify.data.batch.seq}, as it was settled.`
              : "This receipt does not agree with the chain. Keep it, and tell us."}
          </p>
          <CheckList label="Checks" checks={verify.data.checks} />
          <p className="text-xs text-muted">
            Settled by <TransactionLink hash={verify.data.batch.transactionHash} />
          </p>
        </div>
      )}
    </div>
  );
}
