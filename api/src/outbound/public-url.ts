import { InvalidInputError } from "../errors.ts";

type Rules = { allowPrivate: boolean };

/**
 * Whoever registers a node chooses where we send requests: outside development only https, and no bare addresses.
 * @returns the URL without a slash at its end
 * @throws InvalidInputError
 */
export function readNodeUrl(text: string, rules: Rules): string {
  const url = readPublicUrl(text, rules);
  if (url.search) throw new InvalidInputError("url may have no query.", "url");
  return url.origin + url.pathname.replace(/\/$/, "");
}

/** The same for where we post what somebody wants to be told: its query may be part of it. @throws InvalidInputError */
export function readPublicUrl(text: string, { allowPrivate }: Rules): URL {
  if (!URL.canParse(text))
    throw new InvalidInputError("url has to be a full URL, such as https://name.example.com.", "url");
  const url = new URL(text);
  // An address, a name without a dot or with one at its end, or one that is only known inside a network.
  const internal = /^[\d.]+$|^\[|^[^.]*$|\.$|\.(localhost|local|localdomain|internal|home\.arpa)$/.test(url.hostname);
  if (url.username || url.password || url.hash) throw new InvalidInputError("url may have no user or fragment.", "url");
  if (allowPrivate ? !/^https?:$/.test(url.protocol) : url.protocol !== "https:" || internal) {
    throw new InvalidInputError("url has to be https with a public host name.", "url");
  }
  return url;
}
