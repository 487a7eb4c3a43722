export { costOf } from "./price.ts";
export { OPERATOR_BPS, REFERRAL_BPS, shareOf } from "./split.ts";
export { formatUsd, formatUsdc, InvalidAmountError, parseUsd, parseUsdc } from "./text.ts";
export {
  type MicroUsdc,
  microToNano,
  microUsdc,
  NANO_PER_MICRO,
  type NanoUsd,
  nanoToMicro,
  nanoUsd,
} from "./units.ts";
