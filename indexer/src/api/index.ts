import { Hono } from "hono";

/** Ponder wants an app here and adds /health, /ready, /status and /metrics. Rows are read from the database alone. */
export default new Hono();
