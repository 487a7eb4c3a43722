export { type Client, createClient } from "./client.ts";
export type { paths } from "./openapi.ts";
