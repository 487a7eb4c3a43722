const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Where the page should rather be, if it was opened under another name of the same machine. Session cookie and SIWE
 * domain belong to one origin; `localhost` and `127.0.0.1` would be two.
 */
export function canonicalUrl(href: string, origin: string): string | null {
  const here = new URL(href);
  const there = new URL(origin);
  if (here.hostname === there.hostname || here.port !== there.port) return null;
  if (!LOOPBACK.has(here.hostname) || !LOOPBACK.has(there.hostname)) return null;
  here.hostname = there.hostname;
  return here.href;
}
