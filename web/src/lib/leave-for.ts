/**
 * Leaves for somebody else's page. It does not resolve on the way: whoever waits for it stays busy, and nobody presses twice.
 * Somebody who comes back by the browser's button finds the page as it was, and can go on.
 */
export const leaveFor = (url: string): Promise<void> =>
  new Promise((resolve) => {
    window.addEventListener("pageshow", () => resolve(), { once: true });
    window.location.assign(url);
  });
