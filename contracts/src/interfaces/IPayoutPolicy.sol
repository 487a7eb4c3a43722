// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Says who has shown who they are
/// @notice Asked only before a payout that lifts an earner above the unverified limit of its 30-day window.
interface IPayoutPolicy {
    /// @param owner The owner of the account that is to be paid
    /// @return verified Whether payouts above the limit may go on
    function isVerified(address owner) external view returns (bool verified);
}
