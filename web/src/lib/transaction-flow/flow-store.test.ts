import { describe, expect, test, vi } from "vitest";
import { IDLE } from "./flow-state.ts";
import { FlowStore } from "./flow-store.ts";

function memory() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => void items.set(name, value),
    removeItem: (name: string) => void items.delete(name),
  };
}

describe("FlowStore", () => {
  test("default: a submitted transaction is there again after a reload", () => {
    const storage = memory();
    new FlowStore(storage).set("deposit", { ...IDLE, stage: "submitted", title: "Deposit $25.00", hash: "0x12" });
    expect(new FlowStore(storage).get("deposit")).toMatchObject({ stage: "submitted", hash: "0x12" });
    expect(new FlowStore(storage).get("other")).toEqual(IDLE);
  });

  test.each(["signing", "credited", "failed"] as const)("behavior: %s is not kept", (stage) => {
    const storage = memory();
    const store = new FlowStore(storage);
    store.set("deposit", { ...IDLE, stage: "submitted" });
    store.update("deposit", { stage });
    expect(storage.items.size).toBe(0);
    expect(store.get("deposit").stage).toBe(stage);
  });

  test("behavior: something unreadable in the storage is thrown away", () => {
    const storage = memory();
    storage.setItem("infr.flow.deposit", "{");
    expect(new FlowStore(storage).get("deposit")).toEqual(IDLE);
    expect(storage.items.size).toBe(0);
  });

  test("behavior: listeners hear of changes until they leave", () => {
    const store = new FlowStore(memory());
    const listener = vi.fn();
    const leave = store.subscribe(listener);
    store.update("deposit", { stage: "signing" });
    leave();
    store.update("deposit", { stage: "failed" });
    expect(listener).toHaveBeenCalledTimes(1);
  });
});
