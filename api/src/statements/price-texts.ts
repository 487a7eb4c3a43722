import { nanoUsd } from "@infr/money";
import { priceText } from "@infr/protocol";
import type { Queryable } from "../db/types.ts";
import { pricesOfVersions } from "./receipts-store.ts";

/** The canonical texts of price versions, each once: a charge can be worked out from its text alone. */
export async function priceTextsOf(sql: Queryable, versions: Iterable<string>): Promise<string[]> {
  const wanted = [...new Set(versions)];
  const rows = await pricesOfVersions(sql, wanted);
  if (rows.length !== wanted.length) throw new Error(`${wanted.length - rows.length} price versions are missing`);
  return rows.map((row) =>
    priceText({
      node: row.node_id,
      kind: row.kind,
      product: row.model,
      prompt: nanoUsd(row.prompt_nano),
      cached: nanoUsd(row.cached_nano),
      completion: nanoUsd(row.completion_nano),
      reasoning: nanoUsd(row.reasoning_nano),
      unit: row.unit,
      perUnit: nanoUsd(row.unit_nano),
    }),
  );
}
