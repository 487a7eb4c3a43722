type Address = `0x${string}`;

/** What a deployment has put on a chain. */
export interface Deployment {
  readonly escrow: Address;
  /** Reads of the escrow that need no code in it. */
  readonly lens: Address;
  /** Recharges from USDC allowances. */
  readonly allowanceRecharge: Address;
  /** The `TimelockController` that governs. */
  readonly governor: Address;
  readonly payoutPolicy: Address;
  /** The block of the escrow's deployment: there is no event before it. */
  readonly block: number;
}

/** Where the contracts stand on one chain. */
export interface ChainAddresses {
  readonly usdc: Address;
  /** Null until there is one. */
  readonly deployment: Deployment | null;
}

/**
 * By chain id. A local chain's addresses come from its deployment, not from here. USDC's are those of Circle's list;
 * `contracts/scripts/deploy.ts` writes the others.
 */
export const addressBook: Readonly<Record<8453 | 84532, ChainAddresses>> = {
  /** Base */
  8453: { usdc: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", deployment: null },
  /** Base Sepolia */
  84532: { usdc: "0x036CbD53842c5426634e7929541eC2318f3dCF7e", deployment: null },
};
