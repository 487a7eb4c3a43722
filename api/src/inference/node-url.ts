import { InvalidInputError } from "../errors.ts";

/**
 * Whoever registers a node chooses where we send requests: outside development only https, and no bare addresses.
 * @returns the URL without a slash at its end
 * @throws InvalidInputError
 */
export function readNodeUrl(text: string, { allowPrivate }: { allowPrivate: boolean }): string {
  if (!URL.canParse(text))
    throw new InvalidInputError("url has to be a full URL, such as https://node.example.com.", "url");
  const url = new URL(text);
  // An address, a name without a dot or with one at its end, or one that is only known inside a network.
  const internal = /^[\d.]+$|^\[|^[^.]*$|\.$|\.(localhost|local|localdomain|internal|home\.arpa)$/.test(url.hostname);
  if (url.username || url.password || url.search || url.hash)
    throw new InvalidInputError("url may have no user, query or fragment.", "url");
  if (allowPrivate ? !/^https?:$/.test(url.protocol) : url.protocol !== "https:" || internal) {
    throw new InvalidInputError("url has to be https with a public host name.", "url");
  }
  return url.origin + url.pathname.replace(/\/$/, "");
}
