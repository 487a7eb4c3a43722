import { renderToStaticMarkup } from "react-dom/server";
import type { Plugin } from "vite";
import { LandingShell } from "./src/app/landing-hero.tsx";

const EMPTY_ROOT = '<div id="root"></div>';
const SCRIPTS = /\s*<script type="module".*<\/script>|\s*<link rel="modulepreload".*>/g;

/**
 * Writes `landing.html`: the app's page with the head of the landing page in it, for visitors to read before the script is
 * there. The app's scripts stand in a template, and `after-paint.ts` starts them.
 */
export function prerender(): Plugin {
  let entry = "";
  return {
    name: "infr-prerender",
    apply: "build",
    buildStart() {
      entry = this.emitFile({ type: "chunk", id: "src/after-paint.ts" });
    },
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const page = bundle["index.html"];
        const html = page?.type === "asset" ? String(page.source) : "";
        const scripts = html.match(SCRIPTS) ?? [];
        if (!html.includes(EMPTY_ROOT) || scripts.length === 0) throw new Error("index.html is not what it was");
        const head = [
          `    <script type="module" crossorigin src="/${this.getFileName(entry)}"></script>`,
          `    <template id="app">${scripts.join("")}`,
          "    </template>",
          "  </head>",
        ];
        const source = html
          .replace(SCRIPTS, "")
          .replace("  </head>", head.join("\n"))
          .replace(EMPTY_ROOT, `<div id="root">${renderToStaticMarkup(<LandingShell />)}</div>`);
        this.emitFile({ type: "asset", fileName: "landing.html", source });
      },
    },
  };
}
