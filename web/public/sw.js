/**
 * Shows desktop notifications, and the app's shell without a network. What the API answers is never kept: an amount of
 * yesterday is worse than none. Only files that are named after their content are, and the one page that loads them.
 */
const SHELL = "shell";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname.startsWith("/assets/")) event.respondWith(keptOrFetched(request));
  else if (request.mode === "navigate" && !/^\/(?:api|v1)(?:\/|$)/.test(pathname))
    event.respondWith(fetchedOrKept(request));
});

/** Such a file never changes. */
async function keptOrFetched(request) {
  const shell = await caches.open(SHELL);
  const kept = await shell.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await shell.put(request, answer.clone());
  return answer;
}

/** All pages are one document. A newer one has other assets: those of the old one go. */
async function fetchedOrKept(request) {
  const shell = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    if (answer.ok && answer.headers.get("content-type")?.startsWith("text/html")) await keepPage(shell, answer.clone());
    return answer;
  } catch (error) {
    const kept = await shell.match("/");
    if (kept) return kept;
    throw error;
  }
}

async function keepPage(shell, answer) {
  const before = await shell.match("/");
  if (before?.headers.get("etag") === answer.headers.get("etag")) return;
  for (const request of await shell.keys()) await shell.delete(request);
  await shell.put("/", answer);
}

self.addEventListener("push", (event) => {
  const { title, body, path } = event.data.json();
  event.waitUntil(
    self.registration.showNotification(title, { body, icon: "/favicon.svg", tag: title, data: { path } }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.path));
});

/** In a window that is open, where there is one. A path leads nowhere but into the app. */
async function open(path) {
  const url = new URL(path, self.location.origin);
  if (url.origin !== self.location.origin) return;
  const [client] = await self.clients.matchAll({ type: "window" });
  if (!client) return void (await self.clients.openWindow(url));
  await client.navigate(url);
  await client.focus();
}
