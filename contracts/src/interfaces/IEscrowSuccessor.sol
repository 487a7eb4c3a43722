// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What an escrow must have to take over the accounts of the one before it
interface IEscrowSuccessor {
    /// @notice An account whose credit moves.
    struct Import {
        uint32 account; // its number in the old escrow
        address owner; // its owner at the time
        uint64 amount; // µUSDC of credit
    }

    /// @notice Books credit whose USDC the old escrow, the caller, has just sent.
    /// @param imports Accounts with their credit
    function importAccounts(Import[] calldata imports) external;
}
