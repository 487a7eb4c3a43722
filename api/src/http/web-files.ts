import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".woff2": "font/woff2",
};

/** How a body may be encoded, best first, and what the build calls such a file. */
const ENCODINGS = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const;

type Encoding = (typeof ENCODINGS)[number]["name"];

/** A file of the built web app. */
export type WebFile = {
  type: string;
  etag: string;
  /** Its name changes with its content. */
  isImmutable: boolean;
  /** Its bytes, plain and as the build has compressed them. */
  bodies: Map<Encoding | "identity", Buffer>;
};

/** All files of the built web app by their path (`/index.html`), in memory: a path that is not here can't be asked for. */
export async function readWebFiles(root: string): Promise<Map<string, WebFile>> {
  const names = (await readdir(root, { recursive: true })).filter((name) => TYPES[extname(name)] !== undefined);
  const files = new Map<string, WebFile>();
  for (const name of names) files.set(`/${name.split(sep).join("/")}`, await readWebFile(root, name));
  if (!files.has("/index.html")) throw new Error(`WEB_ROOT: ${root} has no index.html. Build it first: pnpm build.`);
  return files;
}

async function readWebFile(root: string, name: string): Promise<WebFile> {
  const content = await readFile(join(root, name));
  const bodies: WebFile["bodies"] = new Map([["identity", content]]);
  for (const { name: encoding, suffix } of ENCODINGS) {
    const body = await readFile(join(root, `${name}${suffix}`)).catch(() => null);
    if (body !== null) bodies.set(encoding, body);
  }
  return {
    type: TYPES[extname(name)] ?? "application/octet-stream",
    etag: `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`,
    isImmutable: name.startsWith(`assets${sep}`),
    bodies,
  };
}

/** The smallest body that a client with that `Accept-Encoding` (RFC 9110, 12.5.3) can read. */
export function bodyFor(file: WebFile, acceptEncoding = ""): { encoding: Encoding | null; body: Buffer } {
  const accepted = new Set(
    acceptEncoding
      .toLowerCase()
      .split(",")
      .map((part) => part.trim().split(/\s*;\s*q=/))
      .filter(([, weight]) => weight === undefined || Number(weight) > 0)
      .map(([name]) => name),
  );
  for (const { name } of ENCODINGS) {
    const body = file.bodies.get(name);
    if (body !== undefined && accepted.has(name)) return { encoding: name, body };
  }
  return { encoding: null, body: file.bodies.get("identity") ?? Buffer.alloc(0) };
}
