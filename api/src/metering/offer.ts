import type { NanoUsd } from "@infr/money";
import type { Prices } from "./cost.ts";

/** Prices for those who have used so much of an operator's nodes in the month (UTC), the lowest step first. */
export type VolumePrices<Price> = Array<Price & { from: NanoUsd; priceVersion: string }>;

/** Any offer, as far as its price depends on volume. */
export type Discounted = { operatorId: string; volume: VolumePrices<object> };

/** A model on a node, at the price in force. */
export type Offer = {
  nodeId: string;
  nodeName: string;
  url: string;
  operatorId: string;
  /** False when it has not answered for a while. */
  isLive: boolean;
  /** How long the platform's own last request took there; null: none yet. */
  canaryMs: number | null;
  model: string;
  priceVersion: string;
  contextTokens: number;
  maxCompletionTokens: number;
  /** Request parameters that the node takes notice of; null: its operator did not say. */
  supportedParameters: string[] | null;
  createdAt: Date;
  prices: Prices;
  volume: VolumePrices<{ prices: Prices }>;
};

/** What resources are counted in. Seconds and months are of 1 s and 30 days; a GiB is 2³⁰ bytes. */
export const UNITS = [
  "gpu-second",
  "cpu-second",
  "gib-hour-memory",
  "gib-month-storage",
  "gib-bandwidth",
  "image",
  "request",
] as const;

/** Something else that an operator sells by the unit (a GPU second, an image, …), at the price in force. */
export type ResourceOffer = {
  nodeId: string;
  operatorId: string;
  resource: string;
  unit: string;
  perUnit: NanoUsd;
  priceVersion: string;
  volume: VolumePrices<{ perUnit: NanoUsd }>;
};
