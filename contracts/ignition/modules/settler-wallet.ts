import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** A settler of two keys, for who runs a co-signer: its address is the parameter `settler` of the escrow's module. */
export default buildModule("SettlerWallet", (m) => {
  const wallet = m.contract("SettlerWallet", [m.getParameter("settler"), m.getParameter("cosigner")]);
  return { wallet };
});
