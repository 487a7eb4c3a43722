// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "./IEscrowTypes.sol";

/// @title What is called seldom: ownership, exit, undoing a batch, surplus, and what the roles may do
/// @dev See `ICreditEscrow`. The escrow passes these on to its extension, which runs them in the escrow's storage.
interface IEscrowExtension is IEscrowTypes {
    // =============================================================================================================
    //                                                  Ownership
    // =============================================================================================================

    /// @notice Changes the owner, on the signatures of both owners: at once with the clearer's, otherwise after
    /// `OWNER_DELAY`, in which the old one may cancel.
    /// @dev Type `RotateOwner(uint32 account,address owner,uint96 nonce,uint40 deadline)`, signed by both. The ref stays.
    /// @param rotation Which account, to whom
    /// @param ownerSignature Of the old owner; empty if he is the caller
    /// @param newOwnerSignature Of the new owner; empty if he is the caller
    /// @param clearance Of the clearer; empty to queue the change
    function rotateOwner(
        Rotation calldata rotation,
        bytes calldata ownerSignature,
        bytes calldata newOwnerSignature,
        bytes calldata clearance
    ) external;

    /// @notice Brings a queued change of owner into force once it has matured: anybody may call.
    /// @param account Its number
    function applyOwner(uint32 account) external;

    /// @notice Calls off a queued change of owner. Only the owner may call.
    /// @param account Its number
    function cancelOwner(uint32 account) external;

    /// @notice Changes the day limit on the owner's signature: a higher one counts at once, a lower one may be applied
    /// after `DAY_LIMIT_DELAY`, so that usage already admitted can still be settled.
    /// @dev Type `DayLimit(uint32 account,uint40 perDay,uint96 nonce,uint40 deadline)`.
    /// @param limit Which account, how much
    /// @param ownerSignature Of the owner; empty if he is the caller
    function setDayLimit(DayLimit calldata limit, bytes calldata ownerSignature) external;

    /// @notice Brings a queued day limit into force once it has matured: anybody may call.
    /// @param account Its number
    function applyDayLimit(uint32 account) external;

    /// @notice What is queued for an account; a time of 0 means nothing is.
    /// @param account Its number
    /// @return owner The next owner
    /// @return ownerMaturesAt From when it may be applied
    /// @return dayLimit The next day limit
    /// @return dayLimitMaturesAt From when it may be applied
    function queuedOf(uint32 account)
        external
        view
        returns (address owner, uint40 ownerMaturesAt, uint40 dayLimit, uint40 dayLimitMaturesAt);

    // =============================================================================================================
    //                                                     Exit
    // =============================================================================================================

    /// @notice Asks for the account's credit in USDC, once no batch has been settled for `DARK_AFTER`. Only the owner may
    /// call. Nobody can stop it; a deposit by the owner himself calls it off.
    /// @dev A platform that settles empty batches without serving is not dark.
    /// @param account Its number
    function requestExit(uint32 account) external;

    /// @notice Pays the account's credit to its owner, `EXIT_DELAY` after the request and within `EXIT_WINDOW` of that.
    /// Only the owner may call. What batches debit meanwhile is settled first.
    /// @param account Its number
    function exit(uint32 account) external;

    // =============================================================================================================
    //                                                   Undoing
    // =============================================================================================================

    /// @notice Undoes the last live batch, within `VOID_WITHIN` of it and while settlement is paused. Guardian only.
    /// @dev Accounts get their debits back, debt first; used day limit and capacity are refilled; earners lose exactly
    /// what they earned, the carried fraction too; what account 1 paid for others comes back to it. Numbers are not used
    /// again, and a heartbeat stays one: `settledAt` is left as it is. The next batch stands on the one before.
    /// @param batch The data of the batch, which must hash to what was settled
    function void(Batch calldata batch) external;

    // =============================================================================================================
    //                                                   Surplus
    // =============================================================================================================

    /// @notice USDC held beyond liabilities: plain transfers that nobody has been credited for.
    /// @return amount µUSDC
    function surplus() external view returns (uint256 amount);

    /// @notice Credits an account with a plain transfer of USDC. Attributor only, each log once, no more than the surplus
    /// and no more at once than batches may settle.
    /// @dev The memo of `Deposited` is `keccak256(abi.encode(blockHash, logIndex))`, its payer the attributor.
    /// @param account Number of an open account
    /// @param amount µUSDC
    /// @param blockHash Of the block with the transfer's log
    /// @param logIndex Of the log within the block
    function attribute(uint32 account, uint64 amount, bytes32 blockHash, uint256 logIndex) external;

    /// @notice Announces that a plain transfer goes back, after `REFUND_DELAY`. Governor only.
    /// @param refund Which, and to whom
    function queueRefund(Refund calldata refund) external;

    /// @notice Calls off a refund. Guardian or governor.
    /// @param refund As it was queued
    function cancelRefund(Refund calldata refund) external;

    /// @notice Pays a refund that has matured: anybody may call, once a log, no more than the surplus.
    /// @param refund As it was queued
    function refundSurplus(Refund calldata refund) external;

    /// @notice Takes out foreign tokens, or ETH. Governor only; never USDC.
    /// @param token The token, 0 for ETH
    /// @param to Who gets it
    /// @param amount In the token's units
    function rescue(address token, address to, uint256 amount) external;

    // =============================================================================================================
    //                                            Guardian and governor
    // =============================================================================================================

    /// @notice Pauses a group for `MAX_PAUSE` at most. The guardian may do it again `PAUSE_COOLDOWN` after the end of the
    /// last pause, the governor at any time.
    /// @param group What
    /// @param until When it ends
    function pause(Group group, uint40 until) external;

    /// @notice Ends a pause now. Guardian or governor.
    /// @param group What
    function unpause(Group group) external;

    /// @notice Stops payouts to an earner for `MAX_SUSPENSION` at most; earnings stay his. The guardian may do it again
    /// `SUSPENSION_COOLDOWN` after the end of the last time, the governor at any time.
    /// @param earner Its number
    /// @param until When it ends; a time that is not ahead ends a running one now
    /// @param reason Hash of the published reason
    function suspend(uint32 earner, uint40 until, bytes32 reason) external;

    /// @notice Sets what batches may settle at once. The guardian may only slow down: less, and no faster.
    /// @param capacity µUSDC
    /// @param window Seconds in which that refills, not 0
    function setCaps(uint64 capacity, uint40 window) external;

    /// @notice Passes a role on. Governor only.
    /// @param role Which
    /// @param to An EOA or a contract, not 0
    function setSigner(Role role, address to) external;

    /// @notice Replaces the payout policy. Governor only.
    /// @param policy 0: nobody is verified
    function setPayoutPolicy(address policy) external;

    /// @notice Announces the escrow to which credit may move after `SUCCESSOR_DELAY`. Until it is called off, exits may
    /// be requested. Governor only; a later call replaces it and starts the time again.
    /// @param to A contract with `IEscrowSuccessor`
    function queueSuccessor(address to) external;

    /// @notice Calls off the successor. Guardian or governor.
    function cancelSuccessor() external;

    /// @notice Moves all credit of accounts to the successor, once that has matured. Governor or clearer, who knows
    /// whether usage is still to be settled. An account without credit, or with an exit under way, is left out.
    /// @param accounts Their numbers
    /// @return total µUSDC moved
    function migrate(uint32[] calldata accounts) external returns (uint256 total);

    /// @notice Who has a role.
    /// @param role Which
    /// @return holder An EOA or a contract
    function roleOf(Role role) external view returns (address holder);

    /// @notice When the pause of a group ends, or ended.
    /// @param group Which
    /// @return until 0 if it was never paused
    function pausedUntil(Group group) external view returns (uint40 until);

    /// @notice When the suspension of an earner ends, or ended.
    /// @param earner Its number
    /// @return until 0 if there was none
    function suspendedUntil(uint32 earner) external view returns (uint40 until);

    /// @notice The successor, if one is queued.
    /// @return to Its address
    /// @return maturesAt From when credit may move, 0 if none is queued
    function successor() external view returns (address to, uint40 maturesAt);

    // =============================================================================================================
    //                                             Roles and constants
    // =============================================================================================================

    /// @notice Who signs batches.
    /// @return signer An EOA or an ERC-1271 contract
    function settler() external view returns (address signer);

    /// @notice Who clears moves of credit beside the owner.
    /// @return signer An EOA or an ERC-1271 contract
    function clearer() external view returns (address signer);

    /// @notice Who is asked before large payouts.
    /// @return policy Zero: nobody is verified
    function payoutPolicy() external view returns (address policy);

    /// @notice Time without a batch after which exits may be requested.
    /// @return time Seconds
    function DARK_AFTER() external pure returns (uint40 time);

    /// @notice Time from the request of an exit until it may be executed.
    /// @return delay Seconds
    function EXIT_DELAY() external pure returns (uint40 delay);

    /// @notice Time in which an exit has to be executed before it lapses.
    /// @return time Seconds
    function EXIT_WINDOW() external pure returns (uint40 time);

    /// @notice Time from an uncleared `rotateOwner` until it may be applied.
    /// @return delay Seconds
    function OWNER_DELAY() external pure returns (uint40 delay);

    /// @notice Time from lowering a day limit until it may be applied.
    /// @return delay Seconds
    function DAY_LIMIT_DELAY() external pure returns (uint40 delay);

    /// @notice Time from a batch within which it may be undone. Nothing earned by it can be paid before.
    /// @return time Seconds
    function VOID_WITHIN() external pure returns (uint40 time);

    /// @notice Longest pause.
    /// @return time Seconds
    function MAX_PAUSE() external pure returns (uint40 time);

    /// @notice Time from the end of a pause until the guardian may pause the group again.
    /// @return time Seconds
    function PAUSE_COOLDOWN() external pure returns (uint40 time);

    /// @notice Longest suspension.
    /// @return time Seconds
    function MAX_SUSPENSION() external pure returns (uint40 time);

    /// @notice Time from the end of a suspension until the guardian may suspend the earner again.
    /// @return time Seconds
    function SUSPENSION_COOLDOWN() external pure returns (uint40 time);

    /// @notice Time from `queueSuccessor` until credit may move.
    /// @return delay Seconds
    function SUCCESSOR_DELAY() external pure returns (uint40 delay);

    /// @notice Time from `queueRefund` until it may be paid.
    /// @return delay Seconds
    function REFUND_DELAY() external pure returns (uint40 delay);
}
