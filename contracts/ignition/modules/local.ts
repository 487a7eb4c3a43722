import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** Most that batches may settle at once, in µUSDC, and the seconds in which it refills: $250,000 a day. */
const CAPACITY = 250_000_000_000n;
const WINDOW_SECONDS = 86_400n;
const NOBODY = "0x0000000000000000000000000000000000000000";

/** The escrow, and what recharges from allowances, on a chain that has a USDC: whoever is named has the role, also the governor's, at once. */
export default buildModule("Local", (m) => {
  const escrow = m.contract("CreditEscrow", [
    {
      usdc: m.getParameter("usdc"),
      platform: m.getParameter("platform"),
      settler: m.getParameter("settler"),
      clearer: m.getParameter("clearer"),
      attributor: m.getParameter("attributor"),
      guardian: m.getParameter("guardian"),
      governor: m.getParameter("governor"),
      payoutPolicy: m.getParameter("payoutPolicy", NOBODY),
      capacity: m.getParameter("capacity", CAPACITY),
      window: m.getParameter("window", WINDOW_SECONDS),
    },
  ]);
  const allowanceRecharge = m.contract("AllowanceRecharge", [escrow]);
  return { escrow, allowanceRecharge };
});
