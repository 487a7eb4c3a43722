import type { Address } from "viem";
import type { EscrowState, Group, Role } from "./escrow-state.ts";
import { Refused, refuseIf } from "./refused.ts";

const DAY = 86_400n;

/** The guardian may not do the same again until some time after it has ended; the governor may. */
function requireCooled(state: EscrowState, sender: Address, endedAt: bigint, cooldown: bigint): void {
  if (sender === state.roles.governor || endedAt === 0n) return;
  refuseIf(state.now < endedAt + cooldown, "NotMatured");
}

export function pause(state: EscrowState, sender: Address, { group, until }: { group: Group; until: bigint }): void {
  state.requireGuardian(sender);
  refuseIf(until <= state.now, "DeadlinePassed");
  refuseIf(until > state.now + 7n * DAY, "DeadlineTooFar");
  requireCooled(state, sender, state.pausedUntil[group], 14n * DAY);
  state.pausedUntil[group] = until;
}

export function unpause(state: EscrowState, sender: Address, group: Group): void {
  state.requireGuardian(sender);
  refuseIf(state.now >= state.pausedUntil[group], "NotPaused");
  state.pausedUntil[group] = state.now;
}

export function suspend(state: EscrowState, sender: Address, { id, until }: { id: number; until: bigint }): void {
  state.requireGuardian(sender);
  state.account(id);
  const from = state.suspendedUntil.get(id) ?? 0n;
  if (until <= state.now) {
    refuseIf(state.now >= from, "DeadlinePassed");
    state.suspendedUntil.set(id, state.now);
    return;
  }
  refuseIf(until > state.now + 30n * DAY, "DeadlineTooFar");
  requireCooled(state, sender, from, 90n * DAY);
  state.suspendedUntil.set(id, until);
}

export function setCaps(state: EscrowState, sender: Address, { capacity, window }: Record<string, bigint>): void {
  const to = { capacity: capacity ?? 0n, window: window ?? 0n };
  refuseIf(to.window === 0n, "AmountBelowMinimum");
  if (sender !== state.roles.governor) {
    state.requireRole("guardian", sender);
    refuseIf(to.capacity > state.settled.capacity, "ValueTooLarge");
    refuseIf(to.window < state.settled.window, "AmountBelowMinimum");
  }
  state.settled.resize(to.capacity, to.window, state.now);
  state.attributed.resize(to.capacity, to.window, state.now);
}

export function setSigner(state: EscrowState, sender: Address, { role, to }: { role: Role; to: Address | null }): void {
  state.requireRole("governor", sender);
  if (to === null || to === state.escrow) throw new Refused("InvalidAddress");
  state.roles[role] = to;
}

export function setPayoutPolicy(state: EscrowState, sender: Address, policy: Address): void {
  state.requireRole("governor", sender);
  state.policy = policy;
}

/** @param to a contract, or something else that can't be one */
export function queueSuccessor(state: EscrowState, sender: Address, to: { address: Address; isContract: boolean }) {
  state.requireRole("governor", sender);
  refuseIf(!to.isContract || to.address === state.escrow, "InvalidAddress");
  state.successor = { to: to.address, maturesAt: state.now + 14n * DAY };
}

export function cancelSuccessor(state: EscrowState, sender: Address): void {
  state.requireGuardian(sender);
  refuseIf(!state.successor, "NoSuccessor");
  state.successor = null;
}

/** Who has asked to leave, and may still do so, stays. */
export function migrate(state: EscrowState, sender: Address, ids: readonly number[]): void {
  if (sender !== state.roles.governor) state.requireRole("clearer", sender);
  const next = state.successor;
  if (!next) throw new Refused("NoSuccessor");
  refuseIf(state.now < next.maturesAt, "NotMatured");
  let total = 0n;
  for (const id of ids) {
    const account = state.account(id);
    const leaving = account.exitAt !== 0n && state.now <= account.exitAt + 7n * DAY;
    if (leaving) continue;
    total += account.balance;
    account.balance = 0n;
  }
  state.token.move(state.escrow, next.to, state.escrow, total);
}
