/** Errors of OpenZeppelin's that are in the ABI and that nothing can cause: why. */
export const UNREACHABLE: Readonly<Record<string, string>> = {
  "FailedDeployment()": "a forwarder is deployed once, where nothing can stand yet",
  "InvalidShortString()": "only for names of EIP-712 domains that are not constant",
  "StringTooLong(string)": "only for longer names of EIP-712 domains",
};
