import type { Address, Hex } from "viem";

/** The steps every chain write goes through, in this order; `failed` may follow any of them. What books no credit is done when mined. */
export type FlowStage =
  | "idle"
  | "simulating"
  | "signing"
  | "approving"
  | "submitted"
  | "confirmed"
  | "credited"
  | "done"
  | "failed";

export interface FlowState {
  stage: FlowStage;
  /** What the user asked for, e.g. "Deposit $25.00". */
  title: string;
  /** The wallet call at hand where there are several, e.g. "Approve USDC". */
  step: string | null;
  /** The API's outbox entry, where the API sends the transaction. */
  relayId: string | null;
  hash: Hex | null;
  sender: Address | null;
  /** Known once a node has seen the transaction; tells a replaced transaction from a slow one. */
  nonce: number | null;
  error: string | null;
  /** False for what ends when it is mined, such as an approval. */
  booksCredit: boolean;
}

export const IDLE: FlowState = {
  stage: "idle",
  title: "",
  step: null,
  relayId: null,
  hash: null,
  sender: null,
  nonce: null,
  error: null,
  booksCredit: true,
};

/** On its way without the user: this is what a reload has to survive. */
export const isPending = ({ stage }: FlowState): boolean => stage === "submitted" || stage === "confirmed";

/** The user can't start another one now. */
export const isBusy = (state: FlowState): boolean =>
  isPending(state) || state.stage === "simulating" || state.stage === "signing" || state.stage === "approving";
