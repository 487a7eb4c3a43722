import { domainToASCII } from "node:url";
import { InvalidInputError } from "../errors.ts";

const MAX_LENGTH = 254;
const MAX_LOCAL = 64;
/** What browsers take for the part before the @ (HTML, 4.10.5.1.5): no quotes, no comments, no letters beyond ASCII. */
const LOCAL = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+$/;
const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;

/**
 * An e-mail address in the form in which it is kept: trimmed, its domain in lower case and ASCII (IDNA). Its local part
 * stays as it is written; where addresses are compared, case does not count.
 * @throws InvalidInputError
 */
export function readEmailAddress(text: string): string {
  const [local = "", domain = "", ...rest] = text.trim().split("@");
  const ascii = domainToASCII(domain).toLowerCase();
  const address = `${local}@${ascii}`;
  if (
    rest.length > 0 ||
    local.length > MAX_LOCAL ||
    address.length > MAX_LENGTH ||
    !LOCAL.test(local) ||
    !DOMAIN.test(ascii)
  )
    throw new InvalidInputError(
      "This is not an e-mail address, as in name@example.com. Check it for typing errors.",
      "email",
    );
  return address;
}
