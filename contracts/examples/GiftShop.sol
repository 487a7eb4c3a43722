// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ICreditEscrow} from "../src/interfaces/ICreditEscrow.sol";

/// @title An example: a contract that buys inference credit for its user
/// @notice Takes the caller's USDC and deposits it into the account of whoever is to have the credit. Nothing stays here:
/// credit belongs to the account's owner, and so does every right to it.
contract GiftShop {
    using SafeERC20 for IERC20;

    ICreditEscrow public immutable ESCROW;
    IERC20 private immutable USDC;

    constructor(ICreditEscrow escrow) {
        ESCROW = escrow;
        USDC = IERC20(escrow.usdc());
    }

    /// @notice Buys credit for `friend`, whose account is opened if need be.
    /// @param friend Owner of the account: an EOA or a contract
    /// @param amount µUSDC that the caller has approved to this contract, at least the escrow's `MIN_DEPOSIT`
    /// @param memo Goes into the escrow's `Deposited` event
    /// @return account Number of the friend's account
    function gift(address friend, uint64 amount, bytes32 memo) external returns (uint32 account) {
        USDC.safeTransferFrom(msg.sender, address(this), amount);
        USDC.forceApprove(address(ESCROW), amount);
        account = ESCROW.depositFor(friend, 0, amount, memo);
    }
}
