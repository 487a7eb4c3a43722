import type { FastifyReply, FastifyRequest } from "fastify";
import { publicRpcUrl } from "./public-rpc-url.ts";
import type { Services } from "./services.ts";
import { SESSION_COOKIE } from "./session.ts";
import { bodyFor, readWebFiles, type WebFile } from "./web-files.ts";

const YEAR_SECONDS = 31_536_000;
/** What belongs to the API, whether or not there is such a route. */
const API_PATH = /^\/(?:api|v1)(?:\/|$)/;

/** Answers with a file or a page of the web app; null where there is none to answer with. */
export type WebApp = (request: FastifyRequest, reply: FastifyReply) => FastifyReply | null;

/**
 * The built web app for whatever is no route, so that it can't stand in the way of one. A path without a dot is a page of
 * the app, if a browser navigates there: all pages are one document, and the app's router knows which ones there are.
 */
export async function openWebApp(services: Pick<Services, "config" | "chain">): Promise<WebApp | null> {
  const { webRoot } = services.config;
  if (webRoot === null) return null;
  const files = await readWebFiles(webRoot);
  const headers = securityHeaders(services);
  return (request, reply) => {
    const file = fileFor(files, request);
    if (file === null) return null;
    void reply.headers(headers);
    return sendFile(file, request, reply);
  };
}

function fileFor(files: Map<string, WebFile>, { method, url, headers }: FastifyRequest): WebFile | null {
  const [path = "/"] = url.split("?");
  if ((method !== "GET" && method !== "HEAD") || API_PATH.test(path)) return null;
  // A visitor reads before the script is there; whoever is signed in sees something else.
  const landing =
    path === "/" && !headers.cookie?.includes(`${SESSION_COOKIE}=`) ? files.get("/landing.html") : undefined;
  if (landing !== undefined) return landing;
  const isPage = path === "/" || (!path.includes(".") && (headers.accept ?? "").includes("text/html"));
  return files.get(isPage ? "/index.html" : path) ?? null;
}

function sendFile(file: WebFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { encoding, body } = bodyFor(file, request.headers["accept-encoding"]);
  void reply
    .code(200)
    .header("etag", file.etag)
    .header("vary", file.isImmutable ? "accept-encoding" : "accept-encoding, cookie")
    .header("cache-control", file.isImmutable ? `public, max-age=${YEAR_SECONDS}, immutable` : "no-cache");
  if (request.headers["if-none-match"]?.includes(file.etag)) return reply.code(304).send();
  if (encoding !== null) void reply.header("content-encoding", encoding);
  return reply.type(file.type).send(body);
}

/** Nothing runs, is drawn or is sent anywhere but what the build made, the API and the chain's node. */
function securityHeaders({ config, chain }: Pick<Services, "config" | "chain">): Record<string, string> {
  const { publicUrl } = config;
  const isSecure = publicUrl.protocol === "https:";
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    // Wallets bring their icons as data: URLs (EIP-6963).
    "img-src 'self' data:",
    `connect-src 'self' ${new URL(publicRpcUrl({ config, chain })).origin}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    ...(isSecure ? ["upgrade-insecure-requests"] : []),
  ];
  return {
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    // Links to redeem a gift have its code in them.
    "referrer-policy": "same-origin",
    // Wallets that open a window need to speak with it.
    "cross-origin-opener-policy": "same-origin-allow-popups",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    ...(isSecure && { "strict-transport-security": `max-age=${YEAR_SECONDS}; includeSubDomains` }),
  };
}
