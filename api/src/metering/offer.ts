import type { Prices } from "./cost.ts";

/** A model on a node, at its price. */
export type Offer = {
  nodeId: string;
  nodeName: string;
  url: string;
  operatorId: string;
  model: string;
  priceVersion: string;
  contextTokens: number;
  maxCompletionTokens: number;
  createdAt: Date;
  prices: Prices;
};
