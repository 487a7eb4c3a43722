// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ICreditEscrow} from "../interfaces/ICreditEscrow.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";

/// @title Turns an owner's USDC into his own credit when somebody he has named asks for it, within what he has allowed
/// @notice An owner names a keeper and a ceiling (`consent`) and approves this contract on USDC. All that the keeper can do
/// with that is to deposit the owner's USDC into the owner's own primary account, at most so much in a period. Has no
/// administrator, can't be changed, and keeps no USDC beyond a transaction: what is sent here by mistake stays here.
/// Anybody may deploy another.
contract AllowanceRecharge {
    using SafeERC20 for IUSDC;

    /// @notice What an owner has allowed, and what was used of it.
    struct Consent {
        address keeper; // who may recharge; zero: nobody
        uint64 perPeriod; // most in one period, µUSDC
        uint32 period; // seconds
        uint64 pulled; // in the newest period, µUSDC
        uint40 startedAt; // when that began: with its first recharge
    }

    bytes32 private constant PRIMARY_SALT = 0;

    /// @notice Where deposits go.
    ICreditEscrow public immutable ESCROW;
    IUSDC private immutable USDC;

    mapping(address owner => Consent consent) private _consents;

    /// @notice An owner has said who may recharge, and how much; a keeper of zero: nobody any more.
    event Consented(address indexed owner, address indexed keeper, uint64 perPeriod, uint32 period);

    /// @notice An owner's USDC became his credit; the escrow's `Deposited` has the same memo.
    event Recharged(address indexed owner, address indexed keeper, uint64 amount, bytes32 indexed memo);

    /// @notice A ceiling needs a keeper and a period.
    error IncompleteConsent(address keeper, uint32 period);
    /// @notice Only the keeper that the owner has named may recharge.
    error NotKeeper(address caller, address keeper);
    /// @notice More than is left of this period's ceiling.
    error CeilingExceeded(uint64 amount, uint64 left);
    /// @notice The owner's primary account is in other hands by now.
    error AccountChangedHands(uint32 account, address owner);

    /// @param escrow Where deposits go; its USDC is what is pulled
    constructor(ICreditEscrow escrow) {
        ESCROW = escrow;
        USDC = IUSDC(escrow.usdc());
    }

    /// @notice Says who may turn the caller's USDC into the caller's credit, and how much of it.
    /// @dev A period begins with the first recharge after the last one has ended, so at most twice the ceiling moves within
    /// any stretch as long as a period. A new consent replaces the old one at once, and what was pulled in the period that
    /// runs counts on: ceiling and length that are new hold for it too.
    /// @param keeper Who may ask for it
    /// @param perPeriod Most in one period, µUSDC; 0 ends the consent, whatever else is given
    /// @param period Seconds
    function consent(address keeper, uint64 perPeriod, uint32 period) external {
        if (perPeriod == 0) (keeper, period) = (address(0), 0);
        else if (keeper == address(0) || period == 0) revert IncompleteConsent(keeper, period);
        Consent storage given = _consents[msg.sender];
        (given.keeper, given.perPeriod, given.period) = (keeper, perPeriod, period);
        emit Consented(msg.sender, keeper, perPeriod, period);
    }

    /// @notice Deposits an owner's USDC into his own primary account, which is opened if need be. Only for his keeper.
    /// @param owner Whose USDC, and whose account
    /// @param amount µUSDC, at least the escrow's minimum
    /// @param memo Names this recharge, in its events
    /// @return account Number of the account
    function recharge(address owner, uint64 amount, bytes32 memo) external returns (uint32 account) {
        Consent memory given = _consents[owner];
        if (msg.sender != given.keeper) revert NotKeeper(msg.sender, given.keeper);
        uint64 left = _left(given);
        if (amount > left) revert CeilingExceeded(amount, left);

        if (!_runs(given)) (given.pulled, given.startedAt) = (0, uint40(block.timestamp));
        given.pulled += amount;
        _consents[owner] = given;
        emit Recharged(owner, msg.sender, amount, memo);

        USDC.safeTransferFrom(owner, address(this), amount);
        USDC.forceApprove(address(ESCROW), amount);
        account = ESCROW.depositFor(owner, PRIMARY_SALT, amount, memo);
        // The account's name stays when it is given away: its new owner must not be paid for by the old one.
        address credited = ESCROW.ownerOf(account);
        if (credited != owner) revert AccountChangedHands(account, credited);
    }

    /// @notice What an owner has allowed.
    /// @param owner The owner
    /// @return keeper Who may recharge; zero: nobody
    /// @return perPeriod Most in one period, µUSDC
    /// @return period Seconds
    /// @return left What of it may be pulled now, µUSDC
    /// @return endsAt When the period ends that runs, in seconds since 1970; 0 if none does
    function consentOf(address owner)
        external
        view
        returns (address keeper, uint64 perPeriod, uint32 period, uint64 left, uint40 endsAt)
    {
        Consent memory given = _consents[owner];
        endsAt = _runs(given) ? given.startedAt + given.period : 0;
        return (given.keeper, given.perPeriod, given.period, _left(given), endsAt);
    }

    function _left(Consent memory given) private view returns (uint64) {
        if (!_runs(given)) return given.perPeriod;
        return given.pulled < given.perPeriod ? given.perPeriod - given.pulled : 0;
    }

    function _runs(Consent memory given) private view returns (bool) {
        return given.pulled != 0 && block.timestamp < uint256(given.startedAt) + given.period;
    }
}
