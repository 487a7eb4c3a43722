// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowCore} from "./IEscrowCore.sol";
import {IEscrowExtension} from "./IEscrowExtension.sol";

/// @title Prepaid inference credit, backed one to one by the USDC this contract holds
/// @notice Buyers deposit, batches of metered usage move credit to earners, earners are paid in USDC.
///
/// Every amount is in µUSDC (10⁻⁶ USDC), every time in seconds since 1970. An account has a `ref`, known before it is
/// opened, and a number, given when it is opened; earner number and account number are the same. Account 1 is the
/// platform's: it has no debt and no day limit, it carries what others overdraw, and its earner word receives the exact
/// rest of every batch.
/// @dev A day is a UTC day: `timestamp / 86400`. Nothing is counted in blocks.
/// Callers need this interface alone: that the code stands in two contracts shows nowhere else.
// solhint-disable-next-line no-empty-blocks
interface ICreditEscrow is IEscrowCore, IEscrowExtension {}
