import type { KeySource } from "../../config.ts";
import { openKeystoreSigner } from "./keystore-signer.ts";
import { openLocalSigner } from "./local-signer.ts";
import type { Signer } from "./signer.ts";

/** Opens a key, wherever it is kept. @throws SignerError with what to do */
export async function openSigner(source: KeySource): Promise<Signer> {
  if (source.kind === "key") return openLocalSigner(source.privateKey);
  if (source.kind === "keystore") return openKeystoreSigner(source);
  // Loaded by those who use it: the AWS client is 18 MB of files.
  const [{ KMSClient }, { openKmsSigner }] = await Promise.all([
    import("@aws-sdk/client-kms"),
    import("./kms-signer.ts"),
  ]);
  return openKmsSigner({ kms: new KMSClient({}), keyId: source.keyId });
}
