import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compress } from "./compress.ts";
import { prerender } from "./prerender.tsx";

const apiUrl = process.env.API_URL ?? "http://localhost:4000";

/** The API lives under the same origin as the app, so that its session cookie and the SIWE domain are one. */
export default defineConfig({
  plugins: [react(), tailwindcss(), prerender(), compress()],
  server: {
    host: "localhost",
    port: Number(process.env.WEB_PORT ?? 3000),
    strictPort: true,
    proxy: { "/api": { target: apiUrl }, "/v1": { target: apiUrl }, "/.well-known/infr": { target: apiUrl } },
  },
  build: {
    target: "es2023",
    // For whoever builds it; they are not served.
    sourcemap: "hidden",
    // The content security policy lets no font or script come out of a data: URL.
    assetsInlineLimit: 0,
  },
});
