import { isIP } from "node:net";
import { buildConnector } from "undici";
import { isPublicAddress, PrivateAddressError, publicLookup } from "./public-address.ts";

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Opens connections to where others have told us to. Unless private addresses are allowed, every connection is checked: a
 * name may lead elsewhere than when it was registered, and what was checked is what is connected to.
 */
export function outboundConnector({ allowPrivate }: { allowPrivate: boolean }): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    ...(allowPrivate ? {} : { lookup: publicLookup() }),
  });
  return (options, callback) => {
    // Addresses are not looked up.
    const name = options.hostname.replace(/^\[|\]$/g, "");
    if (!allowPrivate && isIP(name) !== 0 && !isPublicAddress(name)) callback(new PrivateAddressError(name), null);
    else connect(options, callback);
  };
}
