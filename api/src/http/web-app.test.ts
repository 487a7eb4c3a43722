import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as openRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startApi, type TestApi } from "../testing/api.ts";
import { readWebFiles } from "./web-files.ts";

const SCRIPT = `console.log(${JSON.stringify("x".repeat(2_000))});`;
const PAGE = "<!doctype html><title>infr</title>";
const LANDING = "<!doctype html><title>infr</title><h1>Inference credit</h1>";
/** Of somebody who was here before. */
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8", cookie: "infr_session=x" };
let root: string;
let api: TestApi;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "web-app-"));
  mkdirSync(join(root, "assets"));
  writeFileSync(join(root, "index.html"), PAGE);
  writeFileSync(join(root, "landing.html"), LANDING);
  writeFileSync(join(root, "assets/app-1a2b.js"), SCRIPT);
  writeFileSync(join(root, "assets/app-1a2b.js.br"), brotliCompressSync(SCRIPT));
  writeFileSync(join(root, "assets/app-1a2b.js.gz"), gzipSync(SCRIPT));
  writeFileSync(join(root, "assets/app-1a2b.js.map"), "{}");
  api = await startApi({ WEB_ROOT: root });
});
afterAll(async () => {
  await api?.stop();
  rmSync(root, { recursive: true });
});

const get = (url: string, headers: Record<string, string> = {}) => api.app.inject({ method: "GET", url, headers });

/** As it is written, without what a client would tidy up. */
function getRaw(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(api.origin);
    openRequest({ hostname, port, path, headers: BROWSER }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}

describe("openWebApp", () => {
  test("default: every page is one document, which is asked for again each time", async () => {
    for (const url of ["/", "/usage?model=x", "/deposit"]) {
      const answer = await get(url, BROWSER);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toBe(PAGE);
      expect(answer.headers).toMatchObject({ "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" });
      const again = await get(url, { ...BROWSER, "if-none-match": String(answer.headers["etag"]) });
      expect([again.statusCode, again.body]).toEqual([304, ""]);
    }
  });

  test("behavior: nothing may run, be drawn or be sent to but the app's own, the API and the chain's node", async () => {
    const { headers } = await get("/", BROWSER);
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).not.toMatch(/unsafe|\*|https:(?!\/\/)/);
    expect(policy).toContain(`connect-src 'self' ${new URL(api.config.rpcUrl).origin};`);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin-allow-popups",
    });
    expect(headers["strict-transport-security"]).toBeUndefined();
  });

  test("behavior: assets are kept for good, and come as the build has compressed them", async () => {
    const plain = await get("/assets/app-1a2b.js");
    expect(plain.body).toBe(SCRIPT);
    expect(plain.headers).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-type": "text/javascript; charset=utf-8",
      vary: "accept-encoding",
    });
    const br = await get("/assets/app-1a2b.js", { "accept-encoding": "gzip, deflate, br, zstd" });
    expect(br.headers["content-encoding"]).toBe("br");
    expect(brotliDecompressSync(br.rawPayload).toString()).toBe(SCRIPT);
    const gzip = await get("/assets/app-1a2b.js", { "accept-encoding": "br;q=0, gzip" });
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(gzip.rawPayload).toString()).toBe(SCRIPT);
    const head = await api.app.inject({ method: "HEAD", url: "/assets/app-1a2b.js" });
    expect([head.statusCode, head.body]).toEqual([200, ""]);
  });

  test("behavior: what is not there is not hidden behind a page", async () => {
    for (const url of ["/api/nothing", "/v1/nothing", "/api", "/api/v1/nothing", "/v1"]) {
      const answer = await get(url, BROWSER);
      expect([url, answer.statusCode]).toEqual([url, 404]);
      expect(answer.headers["content-type"]).toContain("json");
    }
    for (const url of ["/assets/app-old.js", "/robots.txt", "/assets/app-1a2b.js.map", "/assets/app-1a2b.js.br"]) {
      expect([url, (await get(url, BROWSER)).statusCode]).toEqual([url, 404]);
    }
    // Whoever is no browser wants data, and has mistyped its path.
    expect((await get("/usage")).statusCode).toBe(404);
    expect((await api.app.inject({ method: "POST", url: "/usage", headers: BROWSER })).statusCode).toBe(404);
  });

  test("behavior: a visitor's first page has something to read in it", async () => {
    const { cookie: _, ...visitor } = BROWSER;
    const answer = await get("/", visitor);
    expect(answer.body).toBe(LANDING);
    expect(answer.headers["vary"]).toContain("cookie");
    expect((await get("/usage", visitor)).body).toBe(PAGE);
  });

  test("behavior: routes come first", async () => {
    expect((await get("/health", BROWSER)).json()).toEqual({ ok: true });
    expect((await get("/api/config", BROWSER)).json()).toMatchObject({ dev: true });
  });

  test("behavior: no path leads out of the folder", async () => {
    for (const path of [
      "/../package.json",
      "/assets/../../package.json",
      "/%2e%2e/package.json",
      "/assets/..%2f..%2fx.js",
    ]) {
      expect([path, await getRaw(path)]).toEqual([path, 404]);
    }
  });
});

describe("readWebFiles", () => {
  test("error: a folder without an app is named at the start", async () => {
    const empty = mkdtempSync(join(tmpdir(), "web-app-"));
    await expect(readWebFiles(empty)).rejects.toThrow("WEB_ROOT");
    rmSync(empty, { recursive: true });
  });
});
