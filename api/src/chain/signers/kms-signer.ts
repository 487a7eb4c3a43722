import { GetPublicKeyCommand, type KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { Signature } from "ox";
import {
  type Address,
  bytesToHex,
  type Hex,
  hashMessage,
  hashTypedData,
  hexToBytes,
  keccak256,
  type Signature as RecoverableSignature,
  recoverAddress,
  serializeSignature,
  serializeTransaction,
} from "viem";
import { publicKeyToAddress, toAccount } from "viem/accounts";
import { type Signer, SignerError } from "./signer.ts";

/** Of secp256k1: a signature with s above half of it is another form of the same, which Ethereum refuses (EIP-2). */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** An uncompressed point stands at the end of the key's SubjectPublicKeyInfo (RFC 5480). */
const POINT_BYTES = 65;
const UNCOMPRESSED = 0x04;

export type Kms = Pick<KMSClient, "send">;

/**
 * A key that AWS KMS keeps, or whatever answers as it does: spec ECC_SECG_P256K1, usage SIGN_VERIFY. It is asked to sign
 * digests; region, credentials and endpoint are those of the AWS environment (`AWS_REGION`, `AWS_ENDPOINT_URL_KMS`, …).
 * @throws SignerError if the key is of another kind
 */
export async function openKmsSigner({ kms, keyId }: { kms: Kms; keyId: string }): Promise<Signer> {
  const address = await readAddress({ kms, keyId });
  const sign = async ({ hash }: { hash: Hex }): Promise<RecoverableSignature> => {
    const { Signature: der } = await kms.send(
      new SignCommand({
        KeyId: keyId,
        Message: hexToBytes(hash),
        MessageType: "DIGEST",
        SigningAlgorithm: "ECDSA_SHA_256", // says how long the digest is: what it is of is ours to choose
      }),
    );
    if (!der) throw new SignerError(`KMS answered without a signature of ${keyId}.`);
    return recoverable({ hash, der, address });
  };
  const signHex = async (hash: Hex): Promise<Hex> => serializeSignature(await sign({ hash }));
  return toAccount({
    address,
    sign: ({ hash }) => signHex(hash),
    signMessage: ({ message }) => signHex(hashMessage(message)),
    signTypedData: (data) => signHex(hashTypedData(data)),
    signTransaction: async (transaction, { serializer = serializeTransaction } = {}) => {
      const hash = keccak256(await serializer(transaction));
      return serializer(transaction, await sign({ hash }));
    },
  });
}

async function readAddress({ kms, keyId }: { kms: Kms; keyId: string }): Promise<Address> {
  const { PublicKey: info, KeySpec: spec, KeyUsage: usage } = await kms.send(new GetPublicKeyCommand({ KeyId: keyId }));
  if (spec !== "ECC_SECG_P256K1" || usage !== "SIGN_VERIFY") {
    throw new SignerError(
      `KMS key ${keyId} is ${spec} for ${usage}. Create one with key spec ECC_SECG_P256K1 and key usage SIGN_VERIFY.`,
    );
  }
  const point = info?.slice(-POINT_BYTES);
  if (point?.length !== POINT_BYTES || point[0] !== UNCOMPRESSED)
    throw new SignerError(`KMS key ${keyId} has a public key that is not an uncompressed point.`);
  return publicKeyToAddress(bytesToHex(point));
}

/** From what KMS gives, DER with either form of s and without a recovery id, to what Ethereum takes. */
async function recoverable({
  hash,
  der,
  address,
}: {
  hash: Hex;
  der: Uint8Array;
  address: Address;
}): Promise<RecoverableSignature> {
  const { r, s } = Signature.fromDerBytes(der);
  const lowS = s > CURVE_ORDER / 2n ? CURVE_ORDER - s : s;
  for (const yParity of [0, 1] as const) {
    const signature = { r: toWord(r), s: toWord(lowS), yParity };
    if ((await recoverAddress({ hash, signature })) === address) return signature;
  }
  throw new SignerError(`KMS signed with another key than that of ${address}.`);
}

const toWord = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;
