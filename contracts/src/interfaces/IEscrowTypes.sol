// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Types, events and errors of the escrow
/// @dev See `ICreditEscrow`.
interface IEscrowTypes {
    // =============================================================================================================
    //                                                    Types
    // =============================================================================================================

    /// @notice The way by which USDC came in.
    enum Rail {
        Deposit, // 0: `deposit`, by account number
        DepositFor, // 1: `depositFor`, by owner and salt
        Permit, // 2: `depositWithPermit`, ERC-2612
        Authorization, // 3: `depositWithAuthorization`, ERC-3009, gasless
        Payer, // 4: `depositFromPayer`, ERC-3009 with any nonce, to the payer's own primary account
        Address, // 5: `sweep`, from a deposit address
        Attributed // 6: a plain transfer, attributed afterwards
    }

    /// @notice What `depositWithAuthorization` needs: whose account, and the payer's ERC-3009 signature.
    /// @dev The ERC-3009 nonce is `keccak256(abi.encode(refOf(owner, accountSalt), memo, nonceSalt))`, so the payer's
    /// signature binds account and memo, and nobody can turn it towards another account.
    struct AuthorizedDeposit {
        address owner; // owner of the account, for its ref
        bytes32 accountSalt; // salt of the account, for its ref: 0 for the primary one
        address from; // who pays and has signed
        uint64 amount; // µUSDC
        uint256 validAfter; // valid from the second after this one
        uint256 validBefore; // valid until the second before this one
        bytes32 memo; // free; goes into the event
        bytes32 nonceSalt; // tells apart equal deposits
        bytes signature; // 65-byte ECDSA, or ERC-1271
    }

    /// @notice A batch of metered usage.
    /// @dev Lines are 9 bytes each, `uint32 id ‖ uint40 µUSDC`, big-endian, ids strictly ascending.
    struct Batch {
        uint64 seq; // one more than the last number used
        bytes32 prev; // digest of the last live batch, its low 40 bits cleared; 0 for the first batch
        bytes32 receiptsRoot; // root over the account leaves of the batch
        uint40 periodEnd; // the settler's claim: usage up to this second is included
        uint40 deadline; // the last second at which it may be settled, at most 10 minutes ahead
        bytes debits; // what each account pays
        bytes credits; // gross per operator: Σ = Σ debits
        bytes referrals; // referred gross per referrer: Σ ≤ Σ debits
    }

    /// @notice What `depositFromPayer` needs: an ERC-3009 `transferWithAuthorization` to the escrow, with any nonce.
    struct PayerDeposit {
        address from; // who pays and has signed; his primary account is credited
        uint64 amount; // µUSDC
        uint256 validAfter; // valid from the second after this one
        uint256 validBefore; // valid until the second before this one
        bytes32 nonce; // any that `from` has not used yet
        bytes signature; // 65-byte ECDSA, or ERC-1271
    }

    /// @notice Credit from one account to another, as its owner signs it together with the account's nonce.
    struct Transfer {
        uint32 from;
        uint32 to; // not `from`
        uint64 amount; // µUSDC, not 0
        bytes32 memo; // free; goes into the event
        uint40 deadline; // the last second at which it may be submitted
    }

    /// @notice A voucher to be made, as the issuer's owner signs it together with the account's nonce.
    struct VoucherOrder {
        uint32 from;
        address key; // address of the key that redeems it; no open voucher's, and the clearer takes none twice
        uint64 amount; // µUSDC, not 0
        uint32 to; // who may redeem it, 0 for anybody
        uint40 expiry; // the last second at which it may be redeemed
        uint40 deadline; // the last second at which it may be made
    }

    /// @notice A voucher as it stands under its key.
    struct Voucher {
        uint64 amount; // 0: no open voucher
        uint32 from;
        uint32 to; // 0: anybody
        uint40 expiry;
        uint96 nonce; // of `from`, with which it was made; below 2^88
    }

    /// @notice A change of owner, as the old and the new one sign it together with the account's nonce.
    struct Rotation {
        uint32 account;
        address owner; // the new one
        uint40 deadline; // the last second at which it may be submitted
    }

    /// @notice A change of the day limit, as the owner signs it together with the account's nonce.
    struct DayLimit {
        uint32 account;
        uint40 perDay; // µUSDC
        uint40 deadline; // the last second at which it may be submitted
    }

    /// @notice Why `payout` left an earner out.
    enum SkipReason {
        BelowMinimum, // 0: less than `MIN_PAYOUT` is available
        NotVerified, // 1: the owner has to be verified for that much
        TransferFailed, // 2: the token refused, e.g. a blacklisted payee
        UnknownEarner, // 3: no account has this number
        Suspended // 4: the guardian has suspended it for a while
    }

    /// @notice Who may do what beside owners and anybody.
    enum Role {
        Settler, // 0: signs batches
        Clearer, // 1: clears moves of credit beside the owner
        Attributor, // 2: says whose account a plain transfer of USDC was meant for
        Guardian, // 3: may only delay or undo
        Governor // 4: a timelock; sets roles, caps, policy, successor
    }

    /// @notice What can be paused. Exit and reclaiming a voucher are in no group.
    enum Group {
        Deposits, // 0: every rail
        Moves, // 1: transfers, making and redeeming vouchers, changes of owner
        Settlement, // 2: batches
        Payouts // 3: withdrawals, payouts, converting earnings
    }

    /// @notice A log of USDC that moved an amount to the escrow, and who is to get that back.
    struct Refund {
        address to;
        uint64 amount; // µUSDC
        bytes32 blockHash; // of the log
        uint256 logIndex; // within the block
    }

    /// @notice An account as it is now.
    struct Account {
        address owner;
        uint96 nonce; // of the next operation the owner signs
        uint64 balance; // credit
        uint32 debt; // overdrawn and not yet repaid; 0 whenever balance is not
        uint40 dayLimit; // most that batches may debit in a burst, and what drains from `used` in a day
        uint40 used; // of the day limit, drained up to now
        uint40 exitAt; // from when an exit may be executed, 0 if none was requested
    }

    /// @notice An earner as it is now.
    struct Earner {
        uint64 available; // may be paid out
        uint48 previous; // earned yesterday: available from the next midnight UTC
        uint48 current; // earned today: available from the midnight after
        uint16 carry; // ten-thousandths of a µUSDC that wait for the next batch
        uint40 windowPaid; // paid out of late, drained up to now, see `withdraw`
        address payoutTo; // where payouts go now
        address queuedPayoutTo; // where they will go from `payoutToMaturesAt`; meaningless while that is 0
        uint40 payoutToMaturesAt; // 0 if no change is queued
    }

    // =============================================================================================================
    //                                                    Events
    // =============================================================================================================

    /// @notice An account has got its number.
    event AccountOpened(uint32 indexed account, address indexed owner, bytes32 indexed ref);

    /// @notice USDC came in: `amount - debtRepaid` is new credit of the account, `debtRepaid` went to account 1.
    event Deposited(
        uint32 indexed account,
        address indexed payer,
        Rail indexed rail,
        uint64 amount,
        uint32 debtRepaid,
        bytes32 memo
    );

    /// @notice Credit moved: `amount - debtRepaid` is new credit of `to`, `debtRepaid` went to account 1.
    event Transferred(
        uint32 indexed from,
        uint32 indexed to,
        uint64 amount,
        uint32 debtRepaid,
        bytes32 memo
    );

    /// @notice Credit was put under a key; `nonce` is the one of `from` that the order was signed for.
    event VoucherCreated(
        address indexed key,
        uint32 indexed from,
        uint64 amount,
        uint32 to,
        uint40 expiry,
        uint96 nonce
    );

    /// @notice A voucher was redeemed, or went back to its issuer; `debtRepaid` of it went to account 1.
    event VoucherClosed(address indexed key, uint32 indexed to, uint64 amount, uint32 debtRepaid, bool redeemed);

    /// @notice The account will belong to `owner` from `maturesAt`, unless cancelled.
    event OwnerQueued(uint32 indexed account, address indexed owner, uint40 maturesAt);

    /// @notice The account belongs to somebody else; its payouts go to the new owner.
    event OwnerChanged(uint32 indexed account, address indexed previous, address indexed owner);

    /// @notice The owner has called off a queued change.
    event OwnerCancelled(uint32 indexed account, address indexed owner);

    /// @notice A lower day limit may be applied from `maturesAt`.
    event DayLimitQueued(uint32 indexed account, uint40 perDay, uint40 maturesAt);

    /// @notice The day limit is another; a queued one is forgotten.
    event DayLimitSet(uint32 indexed account, uint40 perDay);

    /// @notice Available earnings became the earner's own credit; `debtRepaid` of it went to account 1.
    event EarningsConverted(uint32 indexed earner, uint64 amount, uint32 debtRepaid);

    /// @notice A batch was settled; `batchHash` is the EIP-712 digest that the settler signed.
    event BatchSettled(
        uint64 indexed seq,
        bytes32 indexed receiptsRoot,
        bytes32 batchHash,
        uint40 periodEnd,
        uint64 gross,
        uint64 platformNet,
        bytes debits,
        bytes credits,
        bytes referrals
    );

    /// @notice A debit exceeded the balance: `amount` became debt, account 1 paid it.
    event Overdrawn(uint64 indexed seq, uint32 indexed account, uint64 amount);

    /// @notice A debit exceeded balance and debt room: `amount` was paid by account 1 for good.
    event WrittenOff(uint64 indexed seq, uint32 indexed account, uint64 amount);

    /// @notice Payouts of the earner will go to `to` (0: its owner) from `maturesAt`.
    event PayoutToQueued(uint32 indexed earner, address indexed to, uint40 maturesAt);

    /// @notice A queued change came into force with the first payout after it matured.
    event PayoutToSet(uint32 indexed earner, address indexed to);

    /// @notice Earnings were paid in USDC; `windowPaid` is what counts towards the unverified limit after it.
    event PaidOut(uint32 indexed earner, address indexed to, uint64 amount, uint64 windowPaid);

    /// @notice `payout` left an earner out and went on with the others.
    event PayoutSkipped(uint32 indexed earner, SkipReason reason);

    /// @notice The owner may take the account's credit out from `exitAt`, within `EXIT_WINDOW`.
    event ExitRequested(uint32 indexed account, uint40 exitAt);

    /// @notice The owner has deposited again, which calls off the exit.
    event ExitCancelled(uint32 indexed account);

    /// @notice The account's credit was paid out to its owner.
    event Exited(uint32 indexed account, address indexed to, uint64 amount);

    /// @notice The batch was undone: accounts have got their debits back, earners have lost what they earned by it.
    event BatchVoided(uint64 indexed seq, bytes32 batchHash);

    /// @notice The group is paused until `until`, instead of `from`.
    event PausedGroup(Group indexed group, uint40 from, uint40 until);

    /// @notice The earner is not paid until `until`, instead of `from`; the reason is published elsewhere by its hash.
    event Suspended(uint32 indexed earner, uint40 from, uint40 until, bytes32 reason);

    /// @notice What batches may settle at once, and in how many seconds that refills.
    event CapsChanged(uint64 fromCapacity, uint40 fromWindow, uint64 capacity, uint40 window);

    /// @notice A role has passed to somebody else.
    event SignerSet(Role indexed role, address indexed from, address indexed to);

    /// @notice Another contract says who is verified.
    event PolicySet(address indexed from, address indexed to);

    /// @notice Credit may move to the escrow `to` from `maturesAt`, instead of `from`; 0 if that was called off.
    event SuccessorQueued(address indexed from, address indexed to, uint40 maturesAt);

    /// @notice The account's credit is in the successor now.
    event Migrated(uint32 indexed account, address indexed successor, uint64 amount);

    /// @notice A plain transfer of USDC became credit, see the `Deposited` with it.
    event SurplusAttributed(uint32 indexed account, uint64 amount, bytes32 indexed blockHash, uint256 logIndex);

    /// @notice A plain transfer of USDC may go back to `to` from `maturesAt`; 0 if that was called off.
    event RefundQueued(
        address indexed to, uint64 amount, bytes32 indexed blockHash, uint256 logIndex, uint40 maturesAt
    );

    /// @notice A plain transfer of USDC went back.
    event SurplusRefunded(address indexed to, uint64 amount, bytes32 indexed blockHash, uint256 logIndex);

    /// @notice A foreign token, or ETH (0), that had come here by mistake was taken out.
    event Rescued(address indexed token, address indexed to, uint256 amount);

    // =============================================================================================================
    //                                                    Errors
    // =============================================================================================================

    /// @notice An address that may not stand here: zero, or this contract.
    error InvalidAddress(address given);
    /// @notice No account has this number.
    error UnknownAccount(uint256 account);
    /// @notice No account with this ref is open.
    error UnknownRef(bytes32 ref);
    /// @notice Every number has been given.
    error AccountsExhausted();
    /// @notice Only the owner of the account may do this.
    error NotOwner(uint32 account, address caller);
    /// @notice The amount is below what this way takes.
    error AmountBelowMinimum(uint256 amount, uint256 minimum);
    /// @notice A value does not fit the field that is to keep it.
    error ValueTooLarge(uint256 value, uint256 maximum);
    /// @notice The account has less credit than that.
    error InsufficientBalance(uint32 account, uint256 balance, uint256 needed);
    /// @notice The earner has less that may be paid out.
    error InsufficientEarnings(uint32 earner, uint256 available, uint256 needed);
    /// @notice Neither ECDSA nor ERC-1271 shows a signature of `signer` over `digest`.
    error InvalidSignature(address signer, bytes32 digest);
    /// @notice The deadline lies behind.
    error DeadlinePassed(uint256 deadline, uint256 timestamp);
    /// @notice The deadline lies further ahead than is allowed.
    error DeadlineTooFar(uint256 deadline, uint256 latest);
    /// @notice From and to are the same.
    error SameAccount(uint32 account);
    /// @notice An open voucher stands under this key.
    error VoucherKeyInUse(address key);
    /// @notice No open voucher stands under this key.
    error NoVoucher(address key);
    /// @notice The voucher can be redeemed by that account only.
    error VoucherForAnother(address key, uint32 to);
    /// @notice There is no queued change of this account.
    error NothingQueued(uint32 account);
    /// @notice The change counts later.
    error NotMatured(uint256 maturesAt, uint256 timestamp);
    /// @notice Batches are numbered without gaps and settled in order.
    error WrongSequence(uint64 given, uint64 expected);
    /// @notice The batch does not stand on the last live one.
    error WrongPrevious(bytes32 given, bytes32 expected);
    /// @notice Lines are 9 bytes each.
    error LinesMalformed(uint256 length);
    /// @notice Ids of lines rise strictly from 1.
    error LinesNotAscending(uint256 id, uint256 previous);
    /// @notice Operators' gross and accounts' debits differ.
    error NotConserved(uint256 debits, uint256 credits);
    /// @notice More was referred than debited.
    error ReferralsExceedGross(uint256 referred, uint256 gross);
    /// @notice The rounded shares exceed the gross: the batch is too small for its number of lines.
    error SplitExceedsGross(uint256 shares, uint256 gross);
    /// @notice The account's day limit does not cover the debit.
    error DayLimitExceeded(uint32 account, uint256 used, uint256 limit);
    /// @notice The batch exceeds what may be settled at once by now.
    error CapacityExceeded(uint256 gross, uint256 available);
    /// @notice The owner has to be verified before more is paid out in this window.
    error NotVerified(uint32 earner, uint256 windowPaid, uint256 limit);
    /// @notice Batches have been settled too lately for an exit.
    error NotDark(uint256 darkAt, uint256 timestamp);
    /// @notice The contract would hold less USDC than it owes.
    error Insolvent(uint256 held, uint256 liabilities);
    /// @notice The caller does not have this role.
    error NotInRole(Role role, address caller);
    /// @notice The group is paused.
    error Paused(Group group, uint256 until);
    /// @notice Batches are undone only while settlement is paused.
    error NotPaused(Group group);
    /// @notice The earner is suspended.
    error EarnerSuspended(uint32 earner, uint256 until);
    /// @notice Not the last live batch, or not the data of it.
    error NotLastBatch(uint64 seq, bytes32 given, bytes32 last);
    /// @notice This log's amount has been attributed or refunded.
    error LogUsed(bytes32 blockHash, uint256 logIndex);
    /// @notice No such refund is queued.
    error NoRefund(bytes32 refund);
    /// @notice More than what is held beyond liabilities.
    error SurplusExceeded(uint256 amount, uint256 surplus);
    /// @notice No successor is queued.
    error NoSuccessor();
}
