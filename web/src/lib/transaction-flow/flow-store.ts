import { type FlowState, IDLE, isPending } from "./flow-state.ts";

type Storage = Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">;

/**
 * Flows by name. They live outside of React, so that leaving the page does not lose one, and what is on its way to
 * the chain is kept in `localStorage`, so that a reload does not either.
 */
export class FlowStore {
  readonly #storage: Storage;
  readonly #states = new Map<string, FlowState>();
  readonly #listeners = new Set<() => void>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get(name: string): FlowState {
    const known = this.#states.get(name);
    if (known) return known;
    const state = this.#load(name);
    this.#states.set(name, state);
    return state;
  }

  set(name: string, state: FlowState): void {
    this.#states.set(name, state);
    if (isPending(state)) this.#storage.setItem(itemOf(name), JSON.stringify(state));
    else this.#storage.removeItem(itemOf(name));
    for (const listener of this.#listeners) listener();
  }

  update(name: string, change: Partial<FlowState>): void {
    this.set(name, { ...this.get(name), ...change });
  }

  #load(name: string): FlowState {
    const stored = this.#storage.getItem(itemOf(name));
    if (stored === null) return IDLE;
    try {
      return { ...IDLE, ...(JSON.parse(stored) as FlowState) };
    } catch {
      this.#storage.removeItem(itemOf(name));
      return IDLE;
    }
  }
}

const itemOf = (name: string): string => `infr.flow.${name}`;
