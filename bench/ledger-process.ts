import { once } from "node:events";
import { parseArgs } from "node:util";
import { openDatabase } from "../api/src/db/open.ts";
import { newId } from "../api/src/ids.ts";
import { Batcher } from "../api/src/ledger/commit/batcher.ts";
import { endLease, renewLease } from "../api/src/ledger/commit/store.ts";
import { pairsPerSecond } from "./ledger-load.ts";

/** One of several processes on one account. It says that it is ready, begins when it is told to, and prints its rate. */
const { values } = parseArgs({
  options: { url: { type: "string" }, account: { type: "string" }, ms: { type: "string" } },
});
const { url = "", account = "", ms = "0" } = values;
const sql = openDatabase({ url, connections: 2 });
const instanceId = newId("inst");
await renewLease(sql, { instanceId, leaseMs: 600_000, first: true });
const batcher = new Batcher({ sql, instanceId });
console.log("ready");
await once(process.stdin, "data");
console.log(await pairsPerSecond(batcher, { account: () => account, inFlight: 16, ms: Number(ms) }));
await endLease(sql, instanceId);
await sql.end();
process.stdin.destroy();
