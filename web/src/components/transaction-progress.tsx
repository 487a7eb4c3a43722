import { Check, Circle, ExternalLink, LoaderCircle, TriangleAlert } from "lucide-react";
import { useAppConfig } from "../lib/app-config.ts";
import { cn } from "../lib/cn.ts";
import { shortHex } from "../lib/format.ts";
import type { FlowStage, FlowState } from "../lib/transaction-flow/flow-state.ts";
import { Button } from "./ui/button.tsx";

const STEPS = ["Signed", "Submitted", "Confirmed", "Credited"];

/** How many of the steps are behind us. */
const STEPS_DONE: Record<FlowStage, number> = {
  idle: 0,
  simulating: 0,
  signing: 0,
  approving: 0,
  submitted: 2,
  confirmed: 3,
  credited: 4,
  done: 3,
  failed: 0,
};

const END: Partial<Record<FlowStage, string>> = {
  credited: "Make another deposit",
  done: "Close",
  failed: "Try again",
};

const SENTENCES: Record<FlowStage, string> = {
  idle: "",
  simulating: "Checking that it will go through…",
  signing: "Confirm in your wallet.",
  approving: "Waiting for the approval to be mined…",
  submitted: "On its way to the chain…",
  confirmed: "Mined. Waiting for the credit to be booked…",
  credited: "Done: the credit is yours to spend.",
  done: "Done.",
  failed: "",
};

/** Where a chain write stands, changing in place and announced as it does. */
export function TransactionProgress({ state, onClose }: { state: FlowState; onClose: () => void }) {
  const end = END[state.stage];
  return (
    <div className="rounded-xl border bg-surface p-5 shadow-card">
      <div className="flex items-start justify-between gap-4">
        <div className="min-w-0">
          <p className="text-sm font-semibold">{state.title}</p>
          <p role="status" aria-live="polite" className="mt-0.5 text-sm text-muted">
            {state.step && `${state.step}: `}
            {SENTENCES[state.stage]}
          </p>
        </div>
        {state.hash && <TransactionLink hash={state.hash} />}
      </div>
      {state.stage === "failed" ? (
        <p role="alert" className="mt-4 flex gap-2 rounded-lg bg-bad-soft p-3 text-sm wrap-anywhere text-bad">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
          {state.error}
        </p>
      ) : (
        <Steps state={state} />
      )}
      {end && (
        <Button variant="secondary" size="sm" className="mt-4" onClick={onClose}>
          {end}
        </Button>
      )}
    </div>
  );
}

function Steps({ state: { stage, booksCredit } }: { state: FlowState }) {
  const current = STEPS_DONE[stage];
  const steps = booksCredit ? STEPS : STEPS.slice(0, -1);
  return (
    <ol className="mt-5 grid grid-flow-col auto-cols-fr gap-2">
      {steps.map((label, index) => {
        const done = index < current;
        const active = index === current;
        return (
          <li key={label} aria-current={active ? "step" : undefined} className="flex flex-col gap-2">
            <span className={cn("h-1 rounded-full bg-sunken", done && "bg-ink", active && "animate-pulse bg-ember")} />
            <span
              className={cn("flex items-center gap-1 text-xs text-muted", (done || active) && "font-medium text-ink")}
            >
              <StepIcon done={done} active={active} />
              {label}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function StepIcon({ done, active }: { done: boolean; active: boolean }) {
  const Icon = done ? Check : active ? LoaderCircle : Circle;
  return <Icon aria-hidden className={cn("hidden size-3.5 shrink-0 min-[400px]:block", active && "animate-spin")} />;
}

/** To the explorer where there is one; on a local chain the shortened hash, the whole one on hover. */
export function TransactionLink({ hash }: { hash: string }) {
  const { explorerUrl } = useAppConfig();
  if (!explorerUrl) {
    return (
      <span title={hash} className="shrink-0 font-mono text-xs whitespace-nowrap text-muted">
        {shortHex(hash)}
      </span>
    );
  }
  return (
    <a
      href={`${explorerUrl}/tx/${hash}`}
      target="_blank"
      rel="noreferrer"
      title={hash}
      className="inline-flex shrink-0 items-center gap-1 rounded font-mono text-xs text-muted underline-offset-4 hover:text-ink hover:underline"
    >
      {shortHex(hash)}
      <ExternalLink aria-label="opens the explorer" className="size-3" />
    </a>
  );
}
