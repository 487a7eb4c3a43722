// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Prepaid inference credit, backed one to one by the USDC this contract holds
/// @notice Buyers deposit, batches of metered usage move credit to earners, earners are paid in USDC.
///
/// Every amount is in µUSDC (10⁻⁶ USDC), every time in seconds since 1970. An account has a `ref`, known before it is
/// opened, and a number, given when it is opened; earner number and account number are the same. Account 1 is the
/// platform's: it has no debt and no day limit, it carries what others overdraw, and its earner word receives the exact
/// rest of every batch.
/// @dev A day is a UTC day: `timestamp / 86400`. Nothing is counted in blocks.
interface ICreditEscrow {
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
        address key; // address of the key that redeems it; never used before
        uint64 amount; // µUSDC, not 0
        uint32 to; // who may redeem it, 0 for anybody
        uint40 expiry; // the last second at which it may be redeemed
        uint40 deadline; // the last second at which it may be made
    }

    /// @notice A voucher as it stands under its key.
    struct Voucher {
        uint64 amount; // 0 once it is closed
        uint32 from;
        uint32 to; // 0: anybody
        uint40 expiry; // 0: the key was never used
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
        UnknownEarner // 3: no account has this number
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

    /// @notice Credit was put under a key.
    event VoucherCreated(address indexed key, uint32 indexed from, uint64 amount, uint32 to, uint40 expiry);

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
    /// @notice A voucher was made with this key before.
    error VoucherKeyUsed(address key);
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
    /// uint40 deadline)`.
    /// @param order What is to be made
    /// @param ownerSignature Of the owner of `from`; empty if he is the caller
    /// @param clearance Of the clearer
    function createVoucher(
        VoucherOrder calldata order,
        bytes calldata ownerSignature,
        bytes calldata clearance
    ) external;

    /// @notice Turns a voucher into credit of the account that its key has signed for: anybody may submit it.
    /// @dev Type `Redeem(address key,uint32 to,uint32 from,uint40 expiry)`, ECDSA only. A copied transaction credits the
    /// same account.
    /// @param key The voucher's
    /// @param to Number of an open account
    /// @param signature Of the key
    function redeemVoucher(address key, uint32 to, bytes calldata signature) external;

    /// @notice Gives a voucher back to its issuer: his owner may at any time, anybody after its expiry.
    /// @param key The voucher's
    function reclaimVoucher(address key) external;

    /// @notice What stands under a key.
    /// @param key The voucher's
    /// @return voucher All zero if the key was never used
    function voucherOf(address key) external view returns (Voucher memory voucher);

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
    //                                             Solvency, roles, constants
    // =============================================================================================================

    /// @notice What the contract owes: all credit, all earnings, all open vouchers. USDC held is never less.
    /// @return amount µUSDC
    function liabilities() external view returns (uint64 amount);

    /// @notice The token that backs the credit.
    /// @return token USDC
    function usdc() external view returns (address token);

    /// @notice Who signs batches.
    /// @return signer An EOA or an ERC-1271 contract
    function settler() external view returns (address signer);

    /// @notice Who clears moves of credit beside the owner.
    /// @return signer An EOA or an ERC-1271 contract
    function clearer() external view returns (address signer);

    /// @notice Who is asked before large payouts.
    /// @return policy Zero: nobody is verified
    function payoutPolicy() external view returns (address policy);

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

    /// @notice Time from `setPayoutTo` until it counts.
    /// @return delay Seconds
    function PAYOUT_TO_DELAY() external pure returns (uint40 delay);

    /// @notice How far ahead the deadline of a batch may lie.
    /// @return ahead Seconds
    function MAX_DEADLINE() external pure returns (uint40 ahead);
}
