// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Accounts} from "./modules/Accounts.sol";
import {Deposits} from "./modules/Deposits.sol";
import {Exits} from "./modules/Exits.sol";
import {Governed} from "./modules/Governed.sol";
import {Ownership} from "./modules/Ownership.sol";
import {Settlement} from "./modules/Settlement.sol";
import {Vouchers} from "./modules/Vouchers.sol";

/// @title Prepaid inference credit, backed one to one by the USDC this contract holds
/// @notice Immutable: a new version is a new deployment. See `ICreditEscrow` for what every function does.
contract CreditEscrow is Deposits, Settlement, Vouchers, Ownership, Exits {
    /// @notice What is fixed at deployment.
    struct Setup {
        address usdc; // the token
        address platform; // owner of account 1
        address settler; // signs batches
        address clearer; // clears moves of credit
        address payoutPolicy; // asked before large payouts; 0: nobody is verified
        uint64 capacity; // most that batches may settle at once, µUSDC
        uint40 window; // seconds in which that capacity refills
    }

    constructor(Setup memory setup)
        Accounts(setup.usdc, setup.platform)
        Governed(setup.settler, setup.clearer, setup.payoutPolicy)
        Settlement(setup.capacity, setup.window)
    {}
}
