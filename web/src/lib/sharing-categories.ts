/** Kinds of systems that are compared on the page about sharing. */
export const CATEGORIES = {
  "compute-credit": "Compute credit",
  fiat: "Fiat",
  stablecoin: "Stablecoin",
  referral: "Referral",
} as const;
export type Category = keyof typeof CATEGORIES;
