import type { Keccak } from "@infr/protocol";

/** keccak256 in WebAssembly, loaded by whoever has many receipts to hash: the client alone does not need it. */
export async function openKeccak(): Promise<Keccak> {
  const { createKeccak } = await import("hash-wasm");
  const hasher = await createKeccak(256);
  return (bytes) => hasher.init().update(bytes).digest("binary");
}
