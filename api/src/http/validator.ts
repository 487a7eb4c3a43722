import ajvCompiler from "@fastify/ajv-compiler";
import type { FastifySchema, FastifySchemaCompiler } from "fastify";

// Its types tell of Ajv's compile; what is returned is called with a route, as Fastify calls it.
type Compiler = FastifySchemaCompiler<FastifySchema>;
const build = ajvCompiler();
const coercing = build({}, { customOptions: {} }) as unknown as Compiler;
const exact = build({}, { customOptions: { coerceTypes: false } }) as unknown as Compiler;

/**
 * Paths and queries are text and have to be converted. Bodies are JSON and are taken at their word: converted, a wrong
 * `models: [""]` would become `null`, which is a key for all models.
 */
export const compileValidator: Compiler = (route) => (route.httpPart === "body" ? exact(route) : coercing(route));
