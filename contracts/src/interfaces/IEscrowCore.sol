// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "./IEscrowTypes.sol";

/// @title What is called every day: accounts, deposits, moves, vouchers, settlement, payouts
/// @dev See `ICreditEscrow`. The escrow's own code has these.
interface IEscrowCore is IEscrowTypes {
    // =============================================================================================================
    //                                                   Accounts
    // =============================================================================================================

    /// @notice Opens the account of `owner` and `salt`, or finds it open.
    /// @param owner Who will own it: a wallet, a contract, or a custodian; not zero
    /// @param salt 0 for the owner's primary account
    /// @return account Its number
    function open(address owner, bytes32 salt) external returns (uint32 account);

    /// @notice The lasting name of an account, known before it is opened: `keccak256(abi.encode(owner, salt))`.
    /// @dev It names the first owner: it stays when the owner changes.
    /// @param owner First owner
    /// @param salt 0 for the owner's primary account
    /// @return ref The name
    function refOf(address owner, bytes32 salt) external pure returns (bytes32 ref);

    /// @notice The number of an owner's primary account, 0 if it is not open.
    /// @param owner First owner of the account
    /// @return account Its number
    function idOf(address owner) external view returns (uint32 account);

    /// @notice The number of the account with this ref, 0 if it is not open.
    /// @param ref The account's name, see `refOf`
    /// @return account Its number
    function idOfRef(bytes32 ref) external view returns (uint32 account);

    /// @notice The owner of an account, zero if it is not open.
    /// @param account Its number
    /// @return owner Who owns it now
    function ownerOf(uint32 account) external view returns (address owner);

    /// @notice An account as it is now, with what has drained from its day limit; all zero if it is not open.
    /// @param account Its number
    /// @return state The account
    function accountOf(uint32 account) external view returns (Account memory state);

    /// @notice The number that the next account will get.
    /// @return account A number that is not open yet
    function nextId() external view returns (uint32 account);

    // =============================================================================================================
    //                                                   Deposits
    // =============================================================================================================

    /// @notice Deposits the caller's USDC into an open account; needs an allowance.
    /// @param account Number of the account, not necessarily the caller's
    /// @param amount µUSDC, at least `MIN_DEPOSIT`
    /// @param memo Free; goes into the event
    function deposit(uint32 account, uint64 amount, bytes32 memo) external;

    /// @notice Deposits the caller's USDC into the account of an owner, which is opened if need be; needs an allowance.
    /// @param owner Owner of the account, not necessarily the caller
    /// @param salt 0 for the owner's primary account
    /// @param amount µUSDC, at least `MIN_DEPOSIT`
    /// @param memo Free; goes into the event
    /// @return account Number of the account
    function depositFor(address owner, bytes32 salt, uint64 amount, bytes32 memo) external returns (uint32 account);

    /// @notice Deposits USDC that its holder has signed away (ERC-3009 `receiveWithAuthorization`): anybody may submit it.
    /// @dev The account is opened if need be.
    /// @param input Whose account, and the payer's signature
    /// @return account Number of the account
    function depositWithAuthorization(AuthorizedDeposit calldata input) external returns (uint32 account);

    /// @notice Deposits the caller's USDC into the account of an owner, with an ERC-2612 permit instead of an allowance.
    /// @dev Somebody else may have used the permit before: it is enough that there is an allowance in the end.
    /// @param owner Owner of the account, opened if need be
    /// @param salt 0 for the owner's primary account
    /// @param amount µUSDC, at least `MIN_DEPOSIT`, also the permit's value
    /// @param memo Free; goes into the event
    /// @param deadline The permit's
    /// @param signature The caller's over the permit, ECDSA or ERC-1271
    /// @return account Number of the account
    function depositWithPermit(
        address owner,
        bytes32 salt,
        uint64 amount,
        bytes32 memo,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint32 account);

    /// @notice Deposits USDC that its holder has signed over to the escrow (ERC-3009 `transferWithAuthorization`), as
    /// x402 clients do. It is always the payer's own primary account that is credited, so anybody may submit it.
    /// @dev The memo of the event is the nonce. Executed at USDC directly instead, the transfer leaves a surplus whose
    /// sender is known.
    /// @param input The payer's authorization
    /// @return account Number of the payer's primary account, opened if need be
    function depositFromPayer(PayerDeposit calldata input) external returns (uint32 account);

    /// @notice Books what has arrived at deposit addresses: anybody may call. Less than `MIN_DEPOSIT` waits there.
    /// @param refs Accounts, all of them open
    /// @return total µUSDC booked
    function sweep(bytes32[] calldata refs) external returns (uint256 total);

    /// @notice The deposit address of an account, known before it is opened: takes USDC from any wallet or exchange.
    /// @param ref The account's name, see `refOf`
    /// @return depositAddress Where to send USDC
    function depositAddressOf(bytes32 ref) external view returns (address depositAddress);

    // =============================================================================================================
    //                                            Moves, vouchers, ownership
    // =============================================================================================================

    /// @notice Moves credit on the owner's signature and the clearer's: anybody may submit it. A caller who is the owner
    /// needs no signature of his own.
    /// @dev Type `Transfer(uint32 from,uint32 to,uint64 amount,bytes32 memo,uint96 nonce,uint40 deadline)`. The clearer
    /// signs `Clearance(bytes32 operation,uint40 deadline)`, operation being the struct hash.
    /// @param move From, to, how much, until when
    /// @param ownerSignature Of the owner of `from`, ECDSA or ERC-1271
    /// @param clearance Of the clearer, ECDSA or ERC-1271
    function transfer(Transfer calldata move, bytes calldata ownerSignature, bytes calldata clearance) external;

    /// @notice Puts credit under a key, on the owner's signature and the clearer's.
    /// @dev Type `CreateVoucher(uint32 from,address key,uint64 amount,uint32 to,uint40 expiry,uint96 nonce,
    /// uint40 deadline)`. A key whose voucher is closed could be used again here; the clearer signs for new keys only.
    /// @param order What is to be made
    /// @param ownerSignature Of the owner of `from`; empty if he is the caller
    /// @param clearance Of the clearer
    function createVoucher(
        VoucherOrder calldata order,
        bytes calldata ownerSignature,
        bytes calldata clearance
    ) external;

    /// @notice Turns a voucher into credit of the account that its key has signed for: anybody may submit it.
    /// @dev Type `Redeem(address key,uint32 to,uint32 from,uint40 expiry,uint96 nonce)`, ECDSA only: `from`, `expiry` and
    /// `nonce` as in `voucherOf`. A copied transaction credits the same account; no signature closes two vouchers, as two
    /// under one key differ in `from` or `nonce`.
    /// @param key The voucher's
    /// @param to Number of an open account
    /// @param signature Of the key
    function redeemVoucher(address key, uint32 to, bytes calldata signature) external;

    /// @notice Gives a voucher back to its issuer: his owner may at any time, anybody after its expiry.
    /// @param key The voucher's
    function reclaimVoucher(address key) external;

    /// @notice What stands under a key.
    /// @param key The voucher's
    /// @return voucher All zero if no open voucher stands there
    function voucherOf(address key) external view returns (Voucher memory voucher);

    // =============================================================================================================
    //                                                  Settlement
    // =============================================================================================================

    /// @notice Settles a batch that the settler has signed: anybody may submit it.
    /// @dev EIP-712 type `Settlement(uint64 seq,bytes32 prev,bytes32 receiptsRoot,uint40 periodEnd,uint40 deadline,
    /// bytes debits,bytes credits,bytes referrals)`. An empty batch is a valid heartbeat. Of each operator's gross 80 %
    /// are earned, of each referrer's referred gross 1 %, the platform earns the exact rest; fractions are carried, so
    /// that a lifetime's net is the share of a lifetime's gross, rounded down once.
    /// @param batch The batch
    /// @param signature The settler's, ECDSA or ERC-1271
    function settle(Batch calldata batch, bytes calldata signature) external;

    /// @notice What the next batch has to carry.
    /// @return seq Its number
    /// @return prev Its `prev`
    /// @return settledAt When the last batch was settled, or the contract deployed
    function nextBatch() external view returns (uint64 seq, bytes32 prev, uint40 settledAt);

    /// @notice What is kept of a batch.
    /// @param seq Its number
    /// @return digest Its EIP-712 digest with the low 40 bits cleared, 0 if there is no such live batch
    /// @return settledAt When it was settled
    function batchOf(uint64 seq) external view returns (bytes32 digest, uint40 settledAt);

    /// @notice The refilling bucket that all batches draw from.
    /// @return available What may be settled at once by now
    /// @return capacity What fits in when it is full
    /// @return window Seconds in which it refills
    function settlementCapacity() external view returns (uint256 available, uint256 capacity, uint256 window);

    // =============================================================================================================
    //                                                    Payouts
    // =============================================================================================================

    /// @notice Pays available earnings in USDC to the earner's `payoutTo`. Only its owner may call.
    /// @dev What is paid counts for 30 days, fading evenly; above `UNVERIFIED_PAYOUT_LIMIT` the policy must know the
    /// owner. The platform is exempt.
    /// @param earner Its number
    /// @param amount µUSDC, at least `MIN_PAYOUT`
    function withdraw(uint32 earner, uint64 amount) external;

    /// @notice Pays all that is available to each earner's `payoutTo`: anybody may call, so earners need no gas.
    /// @dev Who can't be paid is left out with an event; the others are paid.
    /// @param earners Their numbers; one that comes twice is below the minimum the second time
    /// @return total µUSDC paid
    function payout(uint32[] calldata earners) external returns (uint256 total);

    /// @notice Turns available earnings into the earner's own credit; debt is repaid first. Only its owner may call.
    /// @param earner Its number
    /// @param amount µUSDC, no minimum but not 0
    function convertEarnings(uint32 earner, uint64 amount) external;

    /// @notice Changes where payouts go, after `PAYOUT_TO_DELAY`. Only the owner may call; a later call replaces it.
    /// @param earner Its number
    /// @param to Any address but this contract; 0 for the owner
    function setPayoutTo(uint32 earner, address to) external;

    /// @notice An earner as it is now, with what has matured.
    /// @param earner Its number
    /// @return state The earner
    function earnerOf(uint32 earner) external view returns (Earner memory state);

    // =============================================================================================================
    //                                             Solvency, roles, constants
    // =============================================================================================================

    /// @notice What the contract owes: all credit, all earnings, all open vouchers. USDC held is never less.
    /// @return amount µUSDC
    function liabilities() external view returns (uint64 amount);

    /// @notice The token that backs the credit.
    /// @return token USDC
    function usdc() external view returns (address token);

    /// @notice Least deposit.
    /// @return amount µUSDC
    function MIN_DEPOSIT() external pure returns (uint64 amount);

    /// @notice Least deposit by `depositFromPayer`.
    /// @return amount µUSDC
    function MIN_PAYER_DEPOSIT() external pure returns (uint64 amount);

    /// @notice Least payout.
    /// @return amount µUSDC
    function MIN_PAYOUT() external pure returns (uint64 amount);

    /// @notice Most that an account can owe.
    /// @return amount µUSDC
    function MAX_DEBT() external pure returns (uint32 amount);

    /// @notice Day limit of a new account.
    /// @return amount µUSDC
    function DEFAULT_DAY_LIMIT() external pure returns (uint40 amount);

    /// @notice Most that is paid in a window to an earner whose owner is not verified.
    /// @return amount µUSDC
    function UNVERIFIED_PAYOUT_LIMIT() external pure returns (uint40 amount);

    /// @notice Time from `setPayoutTo` until it counts.
    /// @return delay Seconds
    function PAYOUT_TO_DELAY() external pure returns (uint40 delay);

    /// @notice How far ahead the deadline of a batch may lie.
    /// @return ahead Seconds
    function MAX_DEADLINE() external pure returns (uint40 ahead);
}
