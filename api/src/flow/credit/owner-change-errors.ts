import { RefusedError } from "../../errors.ts";

const STATUS = {
  not_custodial: 409,
  account_not_open: 409,
  account_frozen: 403,
  move_pending: 409,
  wallet_not_linked: 422,
  change_under_way: 409,
  change_on_its_way: 409,
  order_outdated: 409,
  invalid_signature: 422,
  too_many_changes: 429,
} as const;

/** An account is not handed over to a wallet, and nothing has changed: the message says why, and what to do. */
export class OwnerChangeRefusedError extends RefusedError<keyof typeof STATUS> {
  constructor(code: keyof typeof STATUS, message: string, param: string | null = null) {
    super({ code, status: STATUS[code], message, param });
  }
}
