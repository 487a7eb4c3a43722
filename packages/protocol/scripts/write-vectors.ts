import { writeFile } from "node:fs/promises";
import { buildVectors } from "./build-vectors.ts";

await writeFile(new URL("../vectors/vectors.json", import.meta.url), buildVectors());
