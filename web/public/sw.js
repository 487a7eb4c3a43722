/**
 * Shows desktop notifications, also while no page is open. It keeps nothing and answers no request: an amount of yesterday,
 * shown as if it were today's, is worse than none.
 */
self.addEventListener("install", () => self.skipWaiting());

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
