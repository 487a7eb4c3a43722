import { Type } from "typebox";
import { Check } from "typebox/value";
import { type Address, isAddress } from "viem";
import { UnavailableError } from "../errors.ts";
import { getJson } from "../outbound/get-json.ts";
import type { Directory } from "./directories.ts";

const Answer = Type.Object({ wallet: Type.String() });

/**
 * A directory of telephone numbers that the operator of the platform trusts: it is posted `{"phone":"+15551234567"}` with the
 * key as a bearer token, and answers `{"wallet":"0x…"}`, or 404 for a number that it does not know. Numbers are not kept here
 * but in the transfer that names one.
 */
export function openPhoneDirectory({ url, key }: { url: URL; key: string }): Directory {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  return {
    walletOf: async (phone): Promise<Address | null> => {
      try {
        const answer = await getJson({ url, method: "POST", headers, body: JSON.stringify({ phone }) });
        if (answer === null) return null;
        if (Check(Answer, answer) && isAddress(answer.wallet)) return answer.wallet;
        throw new Error("it answered something else than a wallet");
      } catch (cause) {
        throw new UnavailableError("The directory of telephone numbers", cause);
      }
    },
  };
}
