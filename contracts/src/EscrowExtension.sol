// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governed} from "./modules/Governed.sol";
import {Ledger} from "./modules/Ledger.sol";
import {Ownership} from "./modules/Ownership.sol";
import {Succession} from "./modules/Succession.sol";
import {Surplus} from "./modules/Surplus.sol";
import {Voids} from "./modules/Voids.sol";

/// @title The half of the escrow that is called seldom
/// @notice The escrow deploys it and runs it in its own storage. It keeps nothing itself: called directly, nobody has a
/// role or an account here.
contract EscrowExtension is Ownership, Voids, Surplus, Governed, Succession {
    constructor(address usdc_) Ledger(usdc_) {}
}
