// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EscrowExtension} from "./EscrowExtension.sol";
import {Accounts} from "./modules/Accounts.sol";
import {Deposits} from "./modules/Deposits.sol";
import {Ledger} from "./modules/Ledger.sol";
import {Payouts} from "./modules/Payouts.sol";
import {Settlement} from "./modules/Settlement.sol";
import {Vouchers} from "./modules/Vouchers.sol";

/// @title Prepaid inference credit, backed one to one by the USDC this contract holds
/// @notice Immutable: a new version is a new deployment. See `ICreditEscrow` for what every function does.
/// @dev Too large for one contract, so what is called seldom stands in an extension that this one deploys, never
/// exchanges and runs in its own storage: both inherit `Ledger`, which has all of it.
contract CreditEscrow is Deposits, Settlement, Vouchers, Payouts {
    /// @notice What is fixed at deployment.
    struct Setup {
        address usdc; // the token
        address platform; // owner of account 1
        address settler; // signs batches
        address clearer; // clears moves of credit
        address attributor; // attributes plain transfers
        address guardian; // delays and undoes
        address governor; // a timelock
        address payoutPolicy; // asked before large payouts; 0: nobody is verified
        uint64 capacity; // most that batches may settle at once, µUSDC
        uint40 window; // seconds in which that capacity refills
    }

    /// @notice Runs what is called seldom.
    address public immutable EXTENSION;

    constructor(Setup memory setup)
        Ledger(setup.usdc)
        Accounts(setup.platform)
        Settlement(setup.capacity, setup.window)
    {
        address[5] memory holders =
            [setup.settler, setup.clearer, setup.attributor, setup.guardian, setup.governor];
        for (uint8 role = 0; role < holders.length; ++role) {
            if (holders[role] == address(0)) revert InvalidAddress(address(0));
            _roles[Role(role)] = holders[role];
            emit SignerSet(Role(role), address(0), holders[role]);
        }
        _payoutPolicy = setup.payoutPolicy;
        emit PolicySet(address(0), setup.payoutPolicy);
        emit CapsChanged(0, 0, setup.capacity, setup.window);
        EXTENSION = address(new EscrowExtension(setup.usdc));
    }

    /// @dev Everything of `IEscrowExtension`. Not payable.
    // solhint-disable-next-line no-complex-fallback
    fallback() external {
        address extension = EXTENSION;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let done := delegatecall(gas(), extension, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(done) { revert(data, returndatasize()) }
            return(data, returndatasize())
        }
    }
}
