/**
 * The entry of `landing.html`: puts the app's own scripts, which wait in a template, into the page as soon as what there is to be
 * read is on the screen. Before that they would only be in its way.
 */
const start = (): void => {
  const template = document.querySelector<HTMLTemplateElement>("#app");
  if (template) document.head.append(template.content);
};

const PATIENCE_MS = 3_000;

// A page that nobody sees is not painted.
if (document.hidden) start();
else {
  new PerformanceObserver((list, self) => {
    if (list.getEntriesByName("first-contentful-paint").length === 0) return;
    self.disconnect();
    start();
  }).observe({ type: "paint", buffered: true });
  // Not every browser says what it has painted. What has been started is not in the template any more.
  setTimeout(start, PATIENCE_MS);
}
