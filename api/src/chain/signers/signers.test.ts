import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { KMSClient } from "@aws-sdk/client-kms";
import { Keystore, Secp256k1, Signature } from "ox";
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  parseTransaction,
  recoverTransactionAddress,
  recoverTypedDataAddress,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openKmsSigner } from "./kms-signer.ts";
import { openSigner } from "./open-signer.ts";
import { type Signer, SignerError } from "./signer.ts";

const KEY = generatePrivateKey();
const ADDRESS = privateKeyToAccount(KEY).address;
const PASSWORD = "correct horse";
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** SubjectPublicKeyInfo of a secp256k1 key (RFC 5480), without its point. */
const SPKI = "3056301006072a8648ce3d020106052b8104000a034200";

let folder: string;
let server: Server;
let kms: KMSClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "infr-signers-"));
  server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  kms = new KMSClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  kms.destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await answerAsKms(request);
  response.writeHead("__type" in body ? 400 : 200, { "content-type": "application/x-amz-json-1.1" });
  response.end(JSON.stringify(body));
}

let signed = 0;

/** The two actions as AWS documents them (JSON 1.1); every second signature has the high form of s, as KMS may give. */
async function answerAsKms(request: IncomingMessage): Promise<object> {
  let text = "";
  for await (const piece of request) text += String(piece);
  const input = JSON.parse(text) as Record<string, string>;
  const action = request.headers["x-amz-target"];
  if (action === "TrentService.GetPublicKey") {
    const point = Secp256k1.getPublicKey({ privateKey: KEY });
    const bytes = hexToBytes(`0x${SPKI}04${hex(point.x)}${hex(point.y)}`);
    const spec = input["KeyId"] === "alias/rsa" ? "RSA_2048" : "ECC_SECG_P256K1";
    return { KeyId: input["KeyId"], PublicKey: base64(bytes), KeySpec: spec, KeyUsage: "SIGN_VERIFY" };
  }
  if (
    action !== "TrentService.Sign" ||
    input["MessageType"] !== "DIGEST" ||
    input["SigningAlgorithm"] !== "ECDSA_SHA_256"
  )
    return { __type: "ValidationException", message: `unexpected ${String(action)}` };
  const privateKey = input["KeyId"] === "alias/other" && signed > 0 ? generatePrivateKey() : KEY;
  const digest = bytesToHex(Buffer.from(input["Message"] ?? "", "base64"));
  const { r, s } = Secp256k1.sign({ payload: digest, privateKey });
  const der = Signature.toDerBytes({ r, s: signed++ % 2 === 0 ? s : ORDER - s });
  return { KeyId: input["KeyId"], Signature: base64(der), SigningAlgorithm: "ECDSA_SHA_256" };
}

const hex = (value: bigint): string => value.toString(16).padStart(64, "0");
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function files(password: string, keystore: object): { file: string; passwordFile: string } {
  const file = join(folder, `${signed++}.json`);
  const passwordFile = `${file}.password`;
  writeFileSync(file, JSON.stringify(keystore));
  writeFileSync(passwordFile, `${password}\n`);
  return { file, passwordFile };
}

function encrypted(kdf: "scrypt" | "pbkdf2"): Keystore.Keystore {
  const [key, options] =
    kdf === "scrypt"
      ? Keystore.scrypt({ password: PASSWORD, n: 1_024 })
      : Keystore.pbkdf2({ password: PASSWORD, iterations: 1_000 });
  return Keystore.encrypt(KEY, key, options);
}

const keystore = (kdf: "scrypt" | "pbkdf2") => openSigner({ kind: "keystore", ...files(PASSWORD, encrypted(kdf)) });

const kinds: Array<[string, () => Promise<Signer>]> = [
  ["a key of the environment", () => openSigner({ kind: "key", privateKey: KEY })],
  ["a keystore (scrypt)", () => keystore("scrypt")],
  ["a keystore (pbkdf2)", () => keystore("pbkdf2")],
  ["a key of KMS", () => openKmsSigner({ kms, keyId: "alias/settler" })],
];

describe.each(kinds)("%s", (_, open) => {
  const typed = {
    domain: { name: "CreditEscrow", version: "1", chainId: 31_337 },
    types: { Note: [{ name: "seq", type: "uint64" }] },
    primaryType: "Note",
  } as const;
  const transaction = {
    type: "eip1559",
    chainId: 31_337,
    to: ADDRESS,
    nonce: 7,
    gas: 21_000n,
    maxFeePerGas: 2n,
    maxPriorityFeePerGas: 1n,
  } as const;

  test("default: signs transactions and typed data as its address, with the low form of s", async () => {
    const signer = await open();
    expect(signer.address).toBe(ADDRESS);
    for (let seq = 1n; seq <= 8n; seq++) {
      const signature = await signer.signTypedData({ ...typed, message: { seq } });
      expect(await recoverTypedDataAddress({ ...typed, message: { seq }, signature })).toBe(ADDRESS);
      expect(BigInt(`0x${signature.slice(66, 130)}`)).toBeLessThanOrEqual(ORDER / 2n);
      const raw = (await signer.signTransaction({ ...transaction, nonce: Number(seq) })) as `0x02${string}`;
      expect(await recoverTransactionAddress({ serializedTransaction: raw })).toBe(ADDRESS);
      expect(parseTransaction(raw)).toMatchObject({ nonce: Number(seq), gas: 21_000n });
    }
  });

  test("behavior: what is printed of it does not hold the key", async () => {
    const signer = await open();
    const printed = `${inspect(signer, { depth: 10, showHidden: true })}${JSON.stringify(signer)}`;
    expect(printed).not.toContain(KEY.slice(2));
    expect(printed).not.toContain(PASSWORD);
  });
});

test("a published keystore of the format's definition is opened", async () => {
  // The test vector of the Web3 Secret Storage Definition (ethereum.org), version 3, pbkdf2.
  const crypto = {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "6087dab2f9fdbbfaddc31a909735c1e6" },
    ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    kdf: "pbkdf2",
    kdfparams: {
      c: 262_144,
      dklen: 32,
      prf: "hmac-sha256",
      salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
    },
    mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
  };
  const published = { crypto, id: "3198bc9c-6672-5ab3-d995-4942343ae5b6", version: 3 };
  const signer = await openSigner({ kind: "keystore", ...files("testpassword", published) });
  const key: Hex = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
  expect(signer.address).toBe(privateKeyToAccount(key).address);
});

describe("error: SignerError", () => {
  const refusal = (opening: Promise<Signer>): Promise<unknown> =>
    opening.then(() => null).catch((error: unknown) => error);

  test.each([
    ["the wrong password", () => files("wrong", encrypted("scrypt"))],
    ["no keystore", () => files(PASSWORD, { version: 1 })],
    ["no file", () => ({ file: join(folder, "none.json"), passwordFile: join(folder, "none") })],
  ])("%s, and the message holds no secret", async (_, make) => {
    const error = await refusal(openSigner({ kind: "keystore", ...make() }));
    expect(error).toBeInstanceOf(SignerError);
    expect(inspect(error)).not.toMatch(new RegExp(`${PASSWORD}|${KEY.slice(2)}|"wrong"`));
  });

  test("a key of KMS of another kind", async () => {
    expect(await refusal(openKmsSigner({ kms, keyId: "alias/rsa" }))).toBeInstanceOf(SignerError);
  });

  test("a signature of another key is not passed on", async () => {
    const signer = await openKmsSigner({ kms, keyId: "alias/other" });
    const transaction = { type: "eip1559", chainId: 1, maxFeePerGas: 1n } as const;
    await expect(signer.signTransaction(transaction)).rejects.toBeInstanceOf(SignerError);
  });
});
