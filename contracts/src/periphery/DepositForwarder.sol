// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";

/// @title What stands at a deposit address: hands its USDC to the escrow, and to nobody else
/// @notice The escrow deploys one of these; every deposit address is an ERC-1167 clone of it, CREATE2 with the account's
/// ref as salt, so an address is known before its account is opened.
contract DepositForwarder {
    using SafeERC20 for IUSDC;

    /// @notice The escrow that deployed this.
    address public immutable ESCROW;
    IUSDC private immutable USDC;

    /// @notice Only the escrow may call.
    error NotEscrow(address caller);

    constructor(IUSDC usdc) {
        ESCROW = msg.sender;
        USDC = usdc;
    }

    /// @notice Sends USDC to the escrow, which has booked it.
    /// @param amount µUSDC
    function forward(uint256 amount) external {
        if (msg.sender != ESCROW) revert NotEscrow(msg.sender);
        USDC.safeTransfer(ESCROW, amount);
    }
}
