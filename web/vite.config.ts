import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const apiUrl = process.env.API_URL ?? "http://localhost:4000";

/** The API lives under the same origin as the app, so that its session cookie and the SIWE domain are one. */
export default defineConfig({
  plugins: [react(), tailwindcss()],
  server: {
    host: "localhost",
    port: Number(process.env.WEB_PORT ?? 3000),
    strictPort: true,
    proxy: { "/api": { target: apiUrl }, "/v1": { target: apiUrl } },
  },
  build: { target: "es2023", sourcemap: true },
});
