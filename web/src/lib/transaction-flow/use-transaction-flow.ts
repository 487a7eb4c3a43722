import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useSyncExternalStore } from "react";
import type { Abi, Address } from "viem";
import { type Config, useConfig, usePublicClient } from "wagmi";
import { getConnection, simulateContract, waitForTransactionReceipt, writeContract } from "wagmi/actions";
import { describeError, isRejected } from "../errors.ts";
import { queryKeys } from "../query-keys.ts";
import { advance } from "./advance.ts";
import { type FlowState, IDLE, isPending } from "./flow-state.ts";
import { FlowStore } from "./flow-store.ts";

/** A wallet sends by itself, and the chain's node tells of nothing over HTTP: it is asked. The API tells of what it sends. */
const ASK_CHAIN_MS = 1_000;
/** What a wallet's transaction may have changed. */
const CHANGED = [
  queryKeys.balance,
  queryKeys.deposits,
  queryKeys.session,
  queryKeys.walletUsdc,
  queryKeys.recharge,
] as const;
const store = new FlowStore(window.localStorage);

export interface ContractCall {
  label: string;
  address: Address;
  abi: Abi;
  functionName: string;
  args: readonly unknown[];
}

/** What to do: calls sent by the user's wallet in this order, or something signed that the API sends. */
export type FlowPlan =
  | { title: string; calls: () => Promise<ContractCall[]>; booksCredit?: false }
  | { title: string; relay: () => Promise<{ id: string }> };

export interface TransactionFlow {
  state: FlowState;
  run: (plan: FlowPlan) => Promise<void>;
  reset: () => void;
}

/**
 * Every chain write of the app: simulate → sign → submitted → confirmed (by the chain) → credited (by the API).
 * `name` identifies the flow across reloads. A rejected signature leads back to the start without a word.
 */
export function useTransactionFlow(name: string): TransactionFlow {
  const config = useConfig();
  const state = useSyncExternalStore(store.subscribe, () => store.get(name));
  useProgress(name, state);

  const run = useCallback(
    async (plan: FlowPlan) => {
      const booksCredit = "relay" in plan || plan.booksCredit !== false;
      store.set(name, { ...IDLE, stage: "simulating", title: plan.title, booksCredit });
      try {
        await ("relay" in plan ? runRelay(name, plan.relay) : runCalls(name, await plan.calls(), config));
      } catch (error) {
        store.update(name, isRejected(error) ? IDLE : { stage: "failed", error: describeError(error) });
      }
    },
    [name, config],
  );
  const reset = useCallback(() => store.set(name, IDLE), [name]);
  return { state, run, reset };
}

async function runRelay(name: string, relay: () => Promise<{ id: string }>): Promise<void> {
  store.update(name, { stage: "signing" });
  const { id } = await relay();
  store.update(name, { stage: "submitted", relayId: id });
}

async function runCalls(name: string, calls: ContractCall[], config: Config): Promise<void> {
  for (const [index, { label, ...call }] of calls.entries()) {
    store.update(name, { stage: "simulating", step: calls.length > 1 ? label : null });
    const { address: sender, connector } = getConnection(config);
    const { request } = await simulateContract(config, { ...call, account: sender, connector });
    store.update(name, { stage: "signing" });
    const hash = await writeContract(config, request);
    if (index === calls.length - 1) {
      store.update(name, { stage: "submitted", step: null, hash, sender: sender ?? null });
    } else {
      store.update(name, { stage: "approving" });
      await waitForTransactionReceipt(config, { hash });
    }
  }
}

/** Follows a pending flow to its end; what it changed is fetched again. */
function useProgress(name: string, state: FlowState): void {
  const chain = usePublicClient();
  const queries = useQueryClient();
  const { data: next } = useQuery({
    queryKey: [...queryKeys.transaction, name, state],
    queryFn: () => (chain ? advance(state, chain) : state),
    enabled: isPending(state),
    refetchInterval: state.stage === "submitted" && state.relayId === null ? ASK_CHAIN_MS : false,
    refetchIntervalInBackground: true,
    retry: false,
    structuralSharing: false,
    gcTime: 0,
  });

  useEffect(() => {
    if (!next || next === state || !isPending(state)) return;
    store.set(name, next);
    if (isPending(next) || next.stage === "failed") return;
    for (const queryKey of CHANGED) void queries.invalidateQueries({ queryKey });
  }, [name, next, state, queries]);
}
