import { readFile } from "node:fs/promises";
import { Keystore } from "ox";
import { privateKeyToAccount } from "viem/accounts";
import { type Signer, SignerError } from "./signer.ts";

/**
 * A key in an encrypted file (Web3 Secret Storage version 3, as geth, Foundry and ethers write it); its password is the
 * first line of another file, which only this user should be able to read.
 * @throws SignerError if a file can't be read, is something else, or the password does not fit
 */
export async function openKeystoreSigner({
  file,
  passwordFile,
}: {
  file: string;
  passwordFile: string;
}): Promise<Signer> {
  const keystore = parse(await read(file), file);
  const [password = ""] = (await read(passwordFile)).split(/\r?\n/, 1);
  const key = await Keystore.toKeyAsync(keystore, { password }).catch(() => {
    throw new SignerError(
      `${file} is encrypted in a way that is not supported. Use scrypt or pbkdf2 with hmac-sha256.`,
    );
  });
  try {
    return privateKeyToAccount(Keystore.decrypt(keystore, key));
  } catch {
    throw new SignerError(
      `The password in ${passwordFile} does not open ${file}. Put the right one on its first line.`,
    );
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new SignerError(`${file} can't be read (${reason}). Name a file that this user may read.`);
  }
}

function parse(text: string, file: string): Keystore.Keystore {
  try {
    const keystore = JSON.parse(text) as Keystore.Keystore & { Crypto?: Keystore.Keystore["crypto"] };
    const crypto = keystore.crypto ?? keystore.Crypto; // old files have it in upper case
    if (keystore.version === 3 && crypto?.cipher === "aes-128-ctr") return { ...keystore, crypto };
  } catch {
    // no JSON: the same advice
  }
  throw new SignerError(
    `${file} is no keystore of version 3. Make one with \`cast wallet import\` or \`geth account import\`.`,
  );
}
