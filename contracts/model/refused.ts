/** The model refuses, with the name of the contract's error; `Token` stands for any error of the token's. */
export class Refused extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`The model refuses: ${code}.`);
    this.code = code;
  }
}

export function refuseIf(condition: boolean, code: string): void {
  if (condition) throw new Refused(code);
}

export const min = (left: bigint, right: bigint): bigint => (left < right ? left : right);
