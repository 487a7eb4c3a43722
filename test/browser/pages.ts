import { readFileSync } from "node:fs";
import type { Client } from "@infr/sdk";
import type { Page } from "playwright-core";
import { must } from "../../scripts/flow/session.ts";

const ROUTER = new URL("../../web/src/app/router.tsx", import.meta.url);
/** A wallet that nobody has. */
const STRANGER = `0x${"5a".repeat(20)}`;

/** The paths of all pages as the app's router has them, so that no page is forgotten. */
export const routePaths = (): string[] =>
  [...readFileSync(ROUTER, "utf8").matchAll(/\bpath: "([^"]+)"/g)].map(([, path]) => path ?? "");

/** One path for every page, with something real behind those that are about one thing. The account has sent something before. */
export async function examplePaths(client: Client): Promise<Map<string, string>> {
  const examples = await makeExamples(client);
  return new Map(
    routePaths().map((route) => {
      const path = route.includes("$") ? examples.get(route) : route;
      if (path === undefined) throw new Error(`${route} has no example here: add one.`);
      return [route, path];
    }),
  );
}

async function makeExamples(client: Client): Promise<Map<string, string>> {
  const { transfers } = must(await client.GET("/api/transfers", { params: { query: { limit: 1 } } }));
  const { requests } = must(await client.GET("/api/requests", { params: { query: { limit: 1 } } }));
  const wanted = { amount: "5", message: "Lunch", expiresInDays: 30 };
  const ask = requests[0] ?? must(await client.POST("/api/requests", { body: wanted }));
  const { links } = must(await client.GET("/api/top-ups", { params: { query: { limit: 1 } } }));
  const topUp = links[0] ?? must(await client.POST("/api/top-ups", { body: { message: "For the robots" } }));
  const { accounts } = must(await client.GET("/api/me"));
  const own = accounts.find(({ kind }) => kind === "team");
  const { id } = own ?? must(await client.POST("/api/teams", { body: { name: "Search" } }));
  const invited = { params: { path: { id } }, body: { role: "member", wallet: STRANGER } } as const;
  const invitation = must(await client.POST("/api/teams/{id}/invitations", invited));
  return new Map([
    ["/claim/$id", `/claim/${transfers[0]?.id}`],
    ["/pay/$id", new URL(ask.link).pathname],
    ["/top-up/$id", new URL(topUp.link).pathname],
    ["/join/$token", new URL(invitation.link ?? "").pathname],
    ["/r/$code", "/r/nobody"],
  ]);
}

/** Goes there and waits until everything has loaded and what moves stands still. */
export async function openPage(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator("#content").getByRole("heading", { level: 1 }).waitFor();
  await page.locator("[role=status][aria-label^=Loading], .animate-pulse").first().waitFor({ state: "detached" });
  await settle(page);
}

/** Drawn as it is now, with whatever changed by and by at its end. */
export async function settle(page: Page): Promise<void> {
  await page.evaluate(`new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
    .then(() => Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition)
      .map(({ finished }) => finished.catch(() => null))))
    .then(() => document.fonts.ready).then(() => null)`);
}
