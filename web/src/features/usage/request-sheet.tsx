import { parseUsd } from "@infr/money";
import { lazy } from "react";
import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { Sheet } from "../../components/ui/sheet.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { WithWallet } from "../../components/with-wallet.tsx";
import type { UsageRow } from "../../lib/api.ts";
import { displayCount, displayExactTime, displayLatency } from "../../lib/format.ts";

const VerifyReceipt = lazy(async () => ({ default: (await import("./verify-receipt.tsx")).VerifyReceipt }));

const SOURCES = {
  node: "The node's report, which agreed with our count",
  recount: "Our own count",
  drained: "Our own count of what came after the client had left",
} as const;

/** The classes are disjoint: what is cached is not in prompt, reasoning not in completion. */
const CLASSES = [
  { name: "Prompt", tokens: "promptTokens", cost: "prompt" },
  { name: "Cached prompt", tokens: "cachedTokens", cost: "cached" },
  { name: "Completion", tokens: "completionTokens", cost: "completion" },
  { name: "Reasoning", tokens: "reasoningTokens", cost: "reasoning" },
  { name: "Units", tokens: "units", cost: "units" },
] as const;

/** All that is known of one request, and whether it was charged rightly. */
export const RequestSheet = ({ row, onClose }: { row: UsageRow | null; onClose: () => void }) => (
  <Sheet
    open={row !== null}
    onOpenChange={(open) => !open && onClose()}
    title={row?.model ?? ""}
    description={row && <span className="font-mono text-xs">{row.id}</span>}
  >
    {row && <Details row={row} />}
  </Sheet>
);

function Details({ row }: { row: UsageRow }) {
  return (
    <div className="flex flex-col gap-8">
      <Facts>
        {CLASSES.filter(({ tokens, cost }) => row[tokens] > 0 || parseUsd(row.costBreakdown[cost]) > 0n).map(
          ({ name, tokens, cost }) => (
            <Fact key={name} name={name} hint={`${displayCount(row[tokens])} ${name === "Units" ? "units" : "tokens"}`}>
              <Money usd={row.costBreakdown[cost]} digits={9} />
            </Fact>
          ),
        )}
        <Fact name="Cost">
          <Money usd={row.cost} digits={9} />
        </Fact>
      </Facts>
      <Facts>
        <Fact name="Time">{displayExactTime(row.time)}</Fact>
        <Fact name="Status">{row.status}</Fact>
        <Fact name="Latency">{displayLatency(row.latencyMs)}</Fact>
        <Fact name="Node" hint={<span className="font-mono">{row.nodeId}</span>}>
          {row.nodeName}
        </Fact>
        <Fact name="Counted by">{SOURCES[row.usageSource]}</Fact>
        <Fact name="Batch">{row.batchSeq === null ? "Not settled yet" : `#${row.batchSeq}`}</Fact>
      </Facts>
      <section aria-labelledby="receipt" className="flex flex-col gap-3">
        <h3 id="receipt" className="text-[15px] font-semibold">
          Receipt
        </h3>
        <WithWallet fallback={<Skeleton className="h-10" />}>
          <VerifyReceipt key={row.id} requestId={row.id} batchSeq={row.batchSeq} />
        </WithWallet>
      </section>
    </div>
  );
}
