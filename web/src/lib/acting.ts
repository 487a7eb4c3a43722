const ITEM = "infr.account";

/**
 * The account that this tab acts for, named in every request: another tab may have gone on in another one, and what is on the
 * screen here must not be done to that. Null until the session has said which one it is in.
 */
export const actingAccount = (): string | null => window.sessionStorage.getItem(ITEM);

export function setActing(accountId: string | null): void {
  if (accountId === null) window.sessionStorage.removeItem(ITEM);
  else window.sessionStorage.setItem(ITEM, accountId);
}
