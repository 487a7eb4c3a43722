import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** A USDC that anybody mints, for chains that have none. */
export default buildModule("TestUsdc", (m) => ({ usdc: m.contract("TestUSDC") }));
