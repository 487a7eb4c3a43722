import type { Keccak } from "@infr/protocol";
import { createKeccak } from "hash-wasm";

const hasher = await createKeccak(256);

/** keccak256 in WebAssembly: a seventh of the time of the one in JavaScript, which a million receipts would feel. */
export const keccak: Keccak = (bytes) => hasher.init().update(bytes).digest("binary");
