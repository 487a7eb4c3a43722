import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { keccak256, stringToHex, zeroHash } from "viem";

/** Roles of OpenZeppelin's TimelockController. */
const ADMIN = zeroHash;
const CANCELLER = keccak256(stringToHex("CANCELLER_ROLE"));

/**
 * What stands on Base and on Base Sepolia: the same module, so that what was rehearsed is what is deployed. Its
 * parameters have no defaults: a value that nobody has set stops the deployment.
 *
 * The deployer is the timelock's administrator until the canceller is in, and renounces before there is an escrow: no
 * escrow ever has a governor of which the deployer is more than a stranger.
 */
export default buildModule("Base", (m) => {
  const proposer = m.getParameter("proposer");
  const deployer = m.getAccount(0);

  const governor = m.contract("TimelockController", [
    m.getParameter("timelockDelay"),
    [proposer],
    [m.getParameter("executor")],
    deployer,
  ]);
  const canceller = m.call(governor, "grantRole", [CANCELLER, m.getParameter("canceller")]);
  const handedOver = m.call(governor, "renounceRole", [ADMIN, deployer], { after: [canceller] });

  const payoutPolicy = m.contract("EasPayoutPolicy", [
    m.getParameter("eas"),
    m.getParameter("easSchema"),
    m.getParameter("easAttester"),
  ]);
  const setup = {
    usdc: m.getParameter("usdc"),
    platform: m.getParameter("platform"),
    settler: m.getParameter("settler"),
    clearer: m.getParameter("clearer"),
    attributor: m.getParameter("attributor"),
    guardian: m.getParameter("guardian"),
    governor,
    payoutPolicy,
    capacity: m.getParameter("capacity"),
    window: m.getParameter("window"),
  };
  const escrow = m.contract("CreditEscrow", [setup], { after: [handedOver] });
  const lens = m.contract("EscrowLens", [escrow]);
  const allowanceRecharge = m.contract("AllowanceRecharge", [escrow]);
  return { escrow, governor, payoutPolicy, lens, allowanceRecharge };
});
