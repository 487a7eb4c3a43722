import systems from "./systems.json" with { type: "json" };

/** What a system lets people share. */
export type SharingSystem = {
  name: string;
  category: "compute-credit" | "fiat" | "stablecoin" | "referral";
  team_pool: boolean;
  gift_credit: boolean;
  p2p_transfer: boolean;
  unit: string;
  how: string;
  url: string;
};

/** What we offer ourselves: whether there are routes for it. */
export type Offers = { teams: boolean; gifts: boolean; transfers: boolean };

const HOW = {
  transfers: "Send credit to a wallet or an account, spendable about a second later.",
  gifts: "Gift codes that the contract redeems even if our API is down.",
  teams: "Teams share one balance with exact budgets per member, project and key.",
};

const OTHERS = systems.systems as SharingSystem[];

/** Ours first, from what this server really offers; then the others, as their documentation says. */
export const sharingSystems = ({ teams, gifts, transfers }: Offers) => ({
  updated: systems.updated,
  notes: systems.notes,
  systems: [
    {
      name: "infr",
      category: "compute-credit" as const,
      team_pool: teams,
      gift_credit: gifts,
      p2p_transfer: transfers,
      unit: "USD-denominated infr credit",
      how: [transfers && HOW.transfers, gifts && HOW.gifts, teams && HOW.teams].filter(Boolean).join(" "),
      url: "/share",
    },
    ...OTHERS,
  ],
});
