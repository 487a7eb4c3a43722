// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditEscrow} from "../../src/interfaces/ICreditEscrow.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {TypedHashes} from "../../src/libraries/TypedHashes.sol";
import {AllowList} from "../support/AllowList.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

/// @dev Moves money: one random, valid thing a call, with a ghost ledger of what has to come out of it.
abstract contract MoneyHandler is EscrowTest {
    uint256 internal constant OWNERS = 6;
    uint256 internal constant OWNER_KEYS = 0xabc0;
    uint256 internal constant VOUCHER_COUNT = 4;
    uint256 private constant VOUCHER_KEYS = 0xc0de0000;

    /// @dev Ghosts: USDC in and out, and per earner the ten-thousandths earned in a lifetime.
    uint256 public deposited;
    uint256 public paidOut;
    uint256 public settledGross;
    uint64 public settledBatches;
    mapping(uint32 earner => uint256) public earnedBps;
    mapping(uint32 earner => uint256) public paidTo;
    uint256 public inVouchers;
    mapping(address key => uint256 amount) public underKey;
    uint256 public largestRestDeficit;
    /// @dev What must never happen, by the name of the invariant that it breaks.
    mapping(bytes32 invariant => bool) public broken;
    /// @dev How many operations the owners of an account have signed.
    mapping(uint32 account => uint96) public operations;
    /// @dev Keys of those who have the roles now.
    uint256 internal settlerKey = SETTLER_KEY;
    uint256 internal clearerKey = CLEARER_KEY;
    /// @dev Says who is verified; asked through whatever policy is set.
    AllowList internal policy = new AllowList();
    /// @dev USDC that is nobody's, and what of it is to go back.
    uint256 public stray;
    uint256 public logs;
    IEscrowTypes.Refund private _refund;
    /// @dev The call that redeems, or could have redeemed, the key's last voucher.
    mapping(address key => bytes) private _redemption;

    /// @dev What a live batch has done, so that it can be undone.
    struct Live {
        IEscrowTypes.Batch batch;
        bytes32 digest;
        uint256 settledAt;
        uint256 gross;
        uint32[2] earners; // operator, referrer or 0
        uint256[2] nets;
    }

    Live[] private _live;

    constructor() {
        platform = _owner(0);
        _start();
        vm.prank(governor);
        escrow.setPayoutPolicy(address(policy));
        for (uint256 who = 0; who < OWNERS / 2; ++who) policy.verify(_owner(who));
        leaveStray(3);
        deposit(0, 5_000e6);
    }

    /// @dev The runner calls every public function: the escrow is deployed by the constructor, once.
    // solhint-disable-next-line no-empty-blocks
    function setUp() public override {}

    // --------------------------------------------------- operations --------------------------------------------------

    function deposit(uint256 who, uint256 amount) public {
        if (_isPaused(IEscrowTypes.Group.Deposits) || usdc.isBlacklisted(_owner(who))) return;
        amount = bound(amount, 5e6, 5_000e6);
        _deposit(_owner(who), uint64(amount));
        deposited += amount;
    }

    function open(uint256 who) external {
        escrow.open(_owner(who), 0);
    }

    function elapse(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, 36 hours));
    }

    /// @dev Up to four accounts pay one operator, with or without a referrer, beyond their balance at times.
    function settle(uint256 seed, uint256 operator, uint256 referrer) public {
        if (_isPaused(IEscrowTypes.Group.Settlement)) return;
        (bytes memory debits, uint256 gross) = _debits(seed);
        bool referred = gross > 0 && seed % 3 != 0;
        Live storage live = _live.push();
        live.gross = gross;
        live.earners = [_id(operator), referred ? _id(referrer) : 0];
        live.settledAt = block.timestamp;
        uint64 owed = escrow.liabilities();
        uint256[3] memory before =
            [_earned(PLATFORM_ID), _earned(live.earners[0]), _earned(live.earners[1])];

        live.batch = _batch(
            debits,
            _line(live.earners[0], gross),
            referred ? _line(live.earners[1], gross) : bytes("")
        );
        bytes32 digest = _digest(live.batch);
        escrow.settle(live.batch, _sign(settlerKey, digest));

        live.digest = bytes32((uint256(digest) >> 40) << 40);
        live.nets = [_earned(live.earners[0]) - before[1], _earned(live.earners[1]) - before[2]];
        ++settledBatches;
        settledGross += gross;
        earnedBps[live.earners[0]] += gross * 8_000;
        if (referred) earnedBps[live.earners[1]] += gross * 100;
        if (escrow.liabilities() != owed) broken["I2"] = true;
        if (live.earners[0] != 1 && live.earners[1] != 1) {
            uint256 rest = _earned(PLATFORM_ID) - before[0];
            uint256 floor = (gross * (referred ? 19 : 20)) / 100;
            if (floor > rest + 2) largestRestDeficit = floor - rest;
        }
    }

    /// @dev Undoes the last live batch, if it is young enough, whatever has happened since.
    function voidLast() public {
        if (_live.length == 0) return;
        Live storage live = _live[_live.length - 1];
        if (block.timestamp > live.settledAt + 1 days) return;
        bool paused = _isPaused(IEscrowTypes.Group.Settlement);
        uint64 owed = escrow.liabilities();
        vm.startPrank(governor);
        if (!paused) escrow.pause(IEscrowTypes.Group.Settlement, uint40(block.timestamp + 1));
        escrow.void(live.batch);
        if (!paused) escrow.unpause(IEscrowTypes.Group.Settlement);
        vm.stopPrank();
        if (escrow.liabilities() != owed) broken["I2"] = true;
        settledGross -= live.gross;
        earnedBps[live.earners[0]] -= live.gross * 8_000;
        if (live.earners[1] != 0) earnedBps[live.earners[1]] -= live.gross * 100;
        _live.pop();
    }

    /// @dev A batch that is undone at once leaves nothing behind.
    function settleAndVoid(uint256 seed, uint256 operator, uint256 referrer) external {
        if (_isPaused(IEscrowTypes.Group.Settlement)) return;
        bytes32 before = _state();
        settle(seed, operator, referrer);
        voidLast();
        if (_state() != before) broken["I12"] = true;
    }

    function withdraw(uint256 who, uint256 amount) public {
        uint32 id = _id(who);
        IEscrowTypes.Earner memory state = escrow.earnerOf(id);
        uint256 most = state.available;
        if (!_exempt(id)) {
            uint256 room = state.windowPaid < 500e6 ? 500e6 - state.windowPaid : 0;
            if (room < most) most = room;
        }
        if (most < 10e6 || !_mayLeave(id) || usdc.isBlacklisted(state.payoutTo)) return;
        amount = bound(amount, 10e6, most);
        address owner = escrow.ownerOf(id);
        vm.prank(owner);
        escrow.withdraw(id, uint64(amount));
        paidOut += amount;
        paidTo[id] += amount;
        _watchWindow(id);
    }

    function payout(uint256 who, uint256 other) external {
        if (_isPaused(IEscrowTypes.Group.Payouts)) return;
        uint32[] memory ids = new uint32[](2);
        (ids[0], ids[1]) = (_id(who), _id(other));
        uint256[2] memory before = [_earned(ids[0]), _earned(ids[1])];
        paidOut += escrow.payout(ids);
        paidTo[ids[0]] += before[0] - _earned(ids[0]);
        if (before[0] != _earned(ids[0])) _watchWindow(ids[0]);
        if (ids[1] == ids[0]) return;
        paidTo[ids[1]] += before[1] - _earned(ids[1]);
        if (before[1] != _earned(ids[1])) _watchWindow(ids[1]);
    }

    function sweep(uint256 who, uint256 amount) external {
        if (_isPaused(IEscrowTypes.Group.Deposits)) return;
        amount = bound(amount, 5e6, 50e6);
        bytes32[] memory refs = new bytes32[](1);
        refs[0] = escrow.refOf(_owner(who), 0);
        escrow.open(_owner(who), 0);
        usdc.mint(escrow.depositAddressOf(refs[0]), amount);
        deposited += escrow.sweep(refs);
    }

    function setPayoutTo(uint256 who, uint256 to) external {
        uint32 id = _id(who);
        address owner = escrow.ownerOf(id);
        vm.prank(owner);
        escrow.setPayoutTo(id, _owner(to));
    }

    function transfer(uint256 who, uint256 toSeed, uint256 amount) external {
        (uint32 from, uint32 to) = (_id(who), _id(toSeed));
        uint256 balance = _balance(from);
        if (from == to || balance == 0 || _isPaused(IEscrowTypes.Group.Moves)) return;
        IEscrowTypes.Transfer memory move =
            IEscrowTypes.Transfer(from, to, uint64(bound(amount, 1, balance)), MEMO, uint40(block.timestamp));
        bytes32 operation = keccak256(
            abi.encode(TypedHashes.TRANSFER, from, to, move.amount, MEMO, _nonce(from), move.deadline)
        );
        bytes memory clearance = _clear(operation, move.deadline);
        uint64 owed = escrow.liabilities();
        vm.prank(escrow.ownerOf(from));
        escrow.transfer(move, "", clearance);
        ++operations[from];
        _tryAgain(escrow.ownerOf(from), move, clearance);
        if (escrow.liabilities() != owed) broken["I2"] = true;
    }

    /// @dev Few keys, so that they are used again; one that has an open voucher is refused.
    function createVoucher(uint256 who, uint256 which, uint256 amount) external {
        uint32 from = _id(who);
        uint256 balance = _balance(from);
        if (balance == 0 || _isPaused(IEscrowTypes.Group.Moves)) return;
        uint40 time = uint40(block.timestamp);
        amount = bound(amount, 1, balance);
        uint40 expiry = (time / 1 days + 2) * 1 days; // the same for many: what tells vouchers apart is the nonce
        IEscrowTypes.VoucherOrder memory order =
            IEscrowTypes.VoucherOrder(from, voucherKey(which), uint64(amount), 0, expiry, time);
        bytes32 operation = keccak256(
            abi.encode(
                TypedHashes.CREATE_VOUCHER, from, order.key, amount, 0, order.expiry, _nonce(from), order.deadline
            )
        );
        bytes memory clearance = _clear(operation, time);
        address owner = escrow.ownerOf(from);
        uint64 owed = escrow.liabilities();
        if (underKey[order.key] != 0) {
            vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.VoucherKeyInUse.selector, order.key));
            vm.prank(owner);
            escrow.createVoucher(order, "", clearance);
            return;
        }
        vm.prank(owner);
        escrow.createVoucher(order, "", clearance);
        ++operations[from];
        inVouchers += amount;
        underKey[order.key] = amount;
        if (escrow.liabilities() != owed) broken["I2"] = true;
        if (_works(_redemption[order.key])) broken["I6"] = true; // that of the voucher before
    }

    /// @dev Redeems a voucher, or gives it back when it has expired; a closed one refuses both.
    function closeVoucher(uint256 which, uint256 who) external {
        address key = voucherKey(which);
        IEscrowTypes.Voucher memory voucher = escrow.voucherOf(key);
        bool expired = block.timestamp > voucher.expiry;
        if (voucher.amount == 0 || (!expired && _isPaused(IEscrowTypes.Group.Moves))) return;
        uint64 owed = escrow.liabilities();
        uint32 to = _id(who);
        bytes32 digest = _typed(TypedHashes.redeem(key, to, voucher.from, voucher.expiry, voucher.nonce));
        bytes memory signature = _sign(VOUCHER_KEYS + which % VOUCHER_COUNT, digest);
        _redemption[key] = abi.encodeCall(escrow.redeemVoucher, (key, to, signature));
        if (expired) escrow.reclaimVoucher(key);
        else escrow.redeemVoucher(key, to, signature);
        inVouchers -= underKey[key];
        delete underKey[key];
        if (escrow.liabilities() != owed) broken["I2"] = true;
        if (_works(_redemption[key])) broken["I14"] = true;
        vm.prank(escrow.ownerOf(voucher.from));
        if (_works(abi.encodeCall(escrow.reclaimVoucher, (key)))) broken["I14"] = true;
    }

    function convertEarnings(uint256 who, uint256 amount) external {
        uint32 id = _id(who);
        uint256 available = escrow.earnerOf(id).available;
        if (available == 0 || !_mayLeave(id)) return;
        amount = bound(amount, 1, available);
        vm.prank(escrow.ownerOf(id));
        escrow.convertEarnings(id, uint64(amount));
        paidTo[id] += amount;
    }

    // ----------------------------------------------------- surplus ---------------------------------------------------

    function leaveStray(uint256 amount) public {
        amount = bound(amount, 1, 50e6);
        usdc.mint(address(escrow), amount);
        stray += amount;
    }

    function attribute(uint256 who, uint256 amount) external {
        if (stray == 0 || _isPaused(IEscrowTypes.Group.Deposits)) return;
        amount = bound(amount, 1, stray);
        uint32 id = _id(who);
        vm.prank(attributor);
        escrow.attribute(id, uint64(amount), "block", ++logs);
        stray -= amount;
        deposited += amount;
    }

    function queueRefund(uint256 amount) external {
        if (stray == 0) return;
        _refund = IEscrowTypes.Refund(address(0xdead), uint64(bound(amount, 1, stray)), "block", ++logs);
        vm.prank(governor);
        escrow.queueRefund(_refund);
    }

    function refundSurplus() external {
        if (_refund.amount == 0 || _refund.amount > stray) return;
        vm.warp(block.timestamp + 7 days);
        escrow.refundSurplus(_refund);
        stray -= _refund.amount;
        delete _refund;
    }

    /// @dev One owner at most is on the token's blacklist.
    function blacklist(bool listed) external {
        if (listed) usdc.blacklist(_owner(5));
        else usdc.unBlacklist(_owner(5));
    }

    // ---------------------------------------------------- reading ----------------------------------------------------

    function lastDigest() external view returns (bytes32) {
        return _live.length == 0 ? bytes32(0) : _live[_live.length - 1].digest;
    }

    /// @dev What an earner has earned within the last 24 hours.
    function fresh(uint32 earner) external view returns (uint256 sum) {
        for (uint256 i = _live.length; i > 0 && _live[i - 1].settledAt + 1 days > block.timestamp; --i) {
            Live storage live = _live[i - 1];
            if (live.earners[0] == earner) sum += live.nets[0];
            else if (live.earners[1] == earner) sum += live.nets[1];
        }
    }

    function voucherKey(uint256 seed) public pure returns (address) {
        return vm.addr(VOUCHER_KEYS + seed % VOUCHER_COUNT);
    }

    function voucherCount() external pure returns (uint256) {
        return VOUCHER_COUNT;
    }

    function escrowAddress() external view returns (ICreditEscrow) {
        return escrow;
    }

    function held() external view returns (uint256) {
        return usdc.balanceOf(address(escrow));
    }

    // ---------------------------------------------------- internal ---------------------------------------------------

    function _owner(uint256 seed) internal pure returns (address) {
        return vm.addr(OWNER_KEYS + (seed % OWNERS));
    }

    function _id(uint256 seed) internal view returns (uint32) {
        return uint32(1 + (seed % (escrow.nextId() - 1)));
    }

    function _isPaused(IEscrowTypes.Group group) internal view returns (bool) {
        return block.timestamp < escrow.pausedUntil(group);
    }

    function _mayLeave(uint32 id) internal view returns (bool) {
        return !_isPaused(IEscrowTypes.Group.Payouts) && block.timestamp >= escrow.suspendedUntil(id);
    }

    /// @dev Whether more than the limit may be paid: account 1, or an owner whom the policy in force believes.
    function _exempt(uint32 id) internal view returns (bool) {
        return id == PLATFORM_ID || (escrow.payoutPolicy() == address(policy) && policy.isVerified(escrow.ownerOf(id)));
    }

    /// @dev Called after every payment to an earner.
    function _watchWindow(uint32 id) internal {
        if (escrow.earnerOf(id).windowPaid > 500e6 && !_exempt(id)) broken["I11"] = true;
    }

    function _tryAgain(address owner, IEscrowTypes.Transfer memory move, bytes memory clearance) internal {
        bytes memory data = abi.encodeCall(escrow.transfer, (move, bytes(""), clearance));
        vm.prank(owner);
        if (_works(data)) broken["I6"] = true;
    }

    /// @dev Nothing works without data.
    function _works(bytes memory data) internal returns (bool done) {
        (done,) = address(escrow).call(data);
    }

    /// @dev Everything that can be seen of accounts, earners and the bucket.
    function _state() internal view returns (bytes32 state) {
        for (uint32 id = 1; id < escrow.nextId(); ++id) {
            state = keccak256(abi.encode(state, escrow.accountOf(id), escrow.earnerOf(id)));
        }
        (uint256 available,,) = escrow.settlementCapacity();
        (, bytes32 prev,) = escrow.nextBatch();
        state = keccak256(abi.encode(state, escrow.liabilities(), available, prev));
    }

    function _nonce(uint32 account) internal view returns (uint96) {
        return escrow.accountOf(account).nonce;
    }

    function _clear(bytes32 operation, uint40 deadline) internal view returns (bytes memory) {
        return _sign(clearerKey, _typed(keccak256(abi.encode(TypedHashes.CLEARANCE, operation, deadline))));
    }

    function _debits(uint256 seed) internal view returns (bytes memory lines, uint256 gross) {
        uint256 short;
        uint256 own;
        for (uint32 id = 1; id < escrow.nextId() && id <= 4; ++id) {
            uint256 roll = uint256(keccak256(abi.encode(seed, id)));
            if (roll % 2 == 0) continue;
            IEscrowTypes.Account memory state = escrow.accountOf(id);
            uint256 room = id == 1 ? uint256(state.balance) / 2 : uint256(state.dayLimit) - state.used;
            uint256 wanted = bound(roll >> 8, 0, uint256(state.balance) + 3e6);
            uint256 amount = wanted < room ? wanted : room;
            if (id == 1) own = amount;
            else if (amount > state.balance) short += amount - state.balance;
            lines = bytes.concat(lines, _line(id, amount));
            gross += amount;
        }
        (uint256 capacity,,) = escrow.settlementCapacity();
        // a builder leaves out what account 1 can't carry, what the bucket doesn't hold, and what is too small to round
        if (short + own > _balance(1) || gross > capacity || gross < 12) return ("", 0);
    }
}
