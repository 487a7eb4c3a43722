import type { MoveContext } from "../flow/credit/move-rules.ts";
import type { Services } from "./services.ts";

/** What moves of credit depend on. */
export function moveContext(services: Services): MoveContext {
  const { sharing, custodianAddress: custodian, voucherSecret } = services.config;
  return { ...services, sharing, custodian, voucherSecret };
}
