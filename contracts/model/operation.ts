import type { Address } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import type { EscrowState, Role } from "./escrow-state.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** One step: what it is, what the model does, and what is done on the chain (the error's name, or null). */
export interface Operation {
  text: string;
  model: (state: EscrowState) => void;
  chain: () => Promise<string | null>;
}

/** Makes an operation of its kind out of chance and of what there is. */
export type Maker = (world: World, random: Random) => Operation | Promise<Operation>;

/** An account, at times one that is not open. */
export const anyId = ({ state }: World, random: Random): number =>
  random.chance(4) ? state.accounts.size + 1 : 1 + random.below(state.accounts.size);

export const anyUser = ({ users }: World, random: Random): Address => random.pick(users).address;

/** Who has the role, at times somebody who has not. */
export const holderOf = ({ state, staff, users }: World, role: Role, random: Random): Address =>
  random.chance(90) ? state.roles[role] : random.pick([...staff, ...users]).address;

/** The key of a role's holder, or of somebody else: a former holder perhaps. */
export function signerFor({ state, staff }: World, role: Role, isHolder: boolean): PrivateKeyAccount {
  const key = staff.find(({ address }) => (address === state.roles[role]) === isHolder);
  if (!key) throw new Error(`Nobody can sign as ${role}: roles must stay within the staff.`);
  return key;
}

/** The owner of the account, at times somebody else. */
export function senderFor(world: World, id: number, random: Random): Address {
  const owner = world.state.accounts.get(id)?.owner;
  return owner && !random.chance(10) ? owner : anyUser(world, random);
}
