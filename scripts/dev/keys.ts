import { createECDH } from "node:crypto";
import { bytesToHex } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { readJson, writeJson } from "./folder.ts";

export type Hex = `0x${string}`;

export interface Key {
  address: Hex;
  privateKey: Hex;
}

/** Who acts on the local chain; the order decides which of anvil's funded accounts is whose. */
const roles = [
  "deployer",
  "settler",
  "relayer",
  "clearer",
  "platform",
  "alice",
  "bob",
  "operator",
  "custodian",
] as const;

export type Role = (typeof roles)[number];
export type Keys = Record<Role, Key>;

/** The mnemonic that anvil and Hardhat share: everybody knows these keys, so they are worth nothing elsewhere. */
const MNEMONIC = "test test test test test test test test test test test junk";

/** The keys of every role; the same at each start. */
export function readKeys(): Keys {
  const saved = readJson("keys.json") as Partial<Keys> | null;
  // A folder of before may not know every role.
  const keys = Object.fromEntries(roles.map((role, index) => [role, saved?.[role] ?? wellKnown(index)])) as Keys;
  writeJson("keys.json", keys);
  return keys;
}

/** The key towards push services: made once, because browsers subscribe to it. */
export function readVapid(): { publicKey: string; privateKey: string } {
  const saved = readJson("vapid.json") as { publicKey: string; privateKey: string } | null;
  if (saved) return saved;
  const pair = createECDH("prime256v1");
  const publicKey = pair.generateKeys("base64url");
  // Leading zeros count.
  const privateKey = Buffer.from(pair.getPrivateKey("hex").padStart(64, "0"), "hex").toString("base64url");
  writeJson("vapid.json", { publicKey, privateKey });
  return { publicKey, privateKey };
}

function wellKnown(addressIndex: number): Key {
  const account = mnemonicToAccount(MNEMONIC, { addressIndex });
  const { privateKey } = account.getHdKey();
  if (!privateKey) throw new Error(`no private key for account ${addressIndex}`);
  return { address: account.address, privateKey: bytesToHex(privateKey) };
}
