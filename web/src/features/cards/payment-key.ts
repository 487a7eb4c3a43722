/** Of this tab, until the account is left: a reload or another tab of the page must not make a second payment of the same one. */
const ITEM = "card-payment";

/** The key of a payment that nobody knows the end of yet, or a new one. */
export function keyOf(payment: string): string {
  const [known, kept] = (window.sessionStorage.getItem(ITEM) ?? "").split("\n");
  if (known === payment && kept !== undefined) return kept;
  const key = crypto.randomUUID();
  window.sessionStorage.setItem(ITEM, `${payment}\n${key}`);
  return key;
}

/** The payment has ended: the next one is another, whatever it is of. */
export const forgetKey = (): void => window.sessionStorage.removeItem(ITEM);
