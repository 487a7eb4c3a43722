// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditEscrow} from "../../src/interfaces/ICreditEscrow.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {TypedHashes} from "../../src/libraries/TypedHashes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

/// @dev Does one random, valid thing a call, and keeps a ghost ledger of what has to come out of it.
contract EscrowHandler is EscrowTest {
    uint256 private constant OWNERS = 6;
    uint256 private constant VOUCHER_KEYS = 0xc0de0000;

    /// @dev Ghosts: USDC in and out, and per earner the ten-thousandths earned in a lifetime.
    uint256 public deposited;
    uint256 public paidOut;
    uint256 public settledGross;
    uint64 public settledBatches;
    bytes32 public lastDigest;
    mapping(uint32 earner => uint256) public earnedBps;
    mapping(uint32 earner => uint256) public paidTo;
    uint256 public inVouchers;
    uint256 public vouchers;
    uint256 public largestRestDeficit;
    bool public liabilitiesMoved;

    constructor() {
        setUp();
        usdc.mint(address(escrow), 3); // stray: never anybody's
        deposit(0, 5_000e6);
    }

    /// @dev The runner calls every public function: the escrow is deployed once.
    function setUp() public override {
        if (address(escrow) == address(0)) super.setUp();
    }

    // --------------------------------------------------- operations --------------------------------------------------

    function deposit(uint256 who, uint256 amount) public {
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

    /// @dev Up to three accounts pay one operator, with or without a referrer, beyond their balance at times.
    function settle(uint256 seed, uint256 operator, uint256 referrer) external {
        (bytes memory debits, uint256 gross) = _debits(seed);
        uint32 operatorId = _id(operator);
        uint32 referrerId = _id(referrer);
        bool referred = gross > 0 && seed % 3 != 0;
        uint64 owed = escrow.liabilities();
        uint256 platformBefore = _earned(PLATFORM_ID);
        uint256 othersBefore = operatorId == 1 || referrerId == 1 ? 0 : platformBefore;

        IEscrowTypes.Batch memory batch =
            _batch(debits, _line(operatorId, gross), referred ? _line(referrerId, gross) : bytes(""));
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));

        lastDigest = bytes32((uint256(_digest(batch)) >> 40) << 40);
        ++settledBatches;
        settledGross += gross;
        earnedBps[operatorId] += gross * 8_000;
        if (referred) earnedBps[referrerId] += gross * 100;
        if (escrow.liabilities() != owed) liabilitiesMoved = true;
        if (othersBefore != 0) {
            uint256 rest = _earned(PLATFORM_ID) - platformBefore;
            uint256 floor = (gross * (referred ? 19 : 20)) / 100;
            if (floor > rest + 2) largestRestDeficit = floor - rest;
        }
    }

    function withdraw(uint256 who, uint256 amount) external {
        uint32 id = _id(who);
        IEscrowTypes.Earner memory state = escrow.earnerOf(id);
        uint256 room = id == PLATFORM_ID ? state.available : 500e6 - state.windowPaid;
        uint256 most = state.available < room ? state.available : room;
        if (most < 10e6) return;
        amount = bound(amount, 10e6, most);
        address owner = escrow.ownerOf(id);
        vm.prank(owner);
        escrow.withdraw(id, uint64(amount));
        paidOut += amount;
        paidTo[id] += amount;
    }

    function payout(uint256 who, uint256 other) external {
        uint32[] memory ids = new uint32[](2);
        (ids[0], ids[1]) = (_id(who), _id(other));
        uint256[2] memory before = [_earned(ids[0]), _earned(ids[1])];
        paidOut += escrow.payout(ids);
        paidTo[ids[0]] += before[0] - _earned(ids[0]);
        if (ids[1] != ids[0]) paidTo[ids[1]] += before[1] - _earned(ids[1]);
    }

    function sweep(uint256 who, uint256 amount) external {
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
        if (from == to || balance == 0) return;
        IEscrowTypes.Transfer memory move =
            IEscrowTypes.Transfer(from, to, uint64(bound(amount, 1, balance)), MEMO, uint40(block.timestamp));
        bytes32 operation = keccak256(
            abi.encode(TypedHashes.TRANSFER, from, to, move.amount, MEMO, _nonce(from), move.deadline)
        );
        bytes memory clearance = _clear(operation, move.deadline);
        uint64 owed = escrow.liabilities();
        vm.prank(escrow.ownerOf(from));
        escrow.transfer(move, "", clearance);
        if (escrow.liabilities() != owed) liabilitiesMoved = true;
    }

    function createVoucher(uint256 who, uint256 amount) external {
        uint32 from = _id(who);
        uint256 balance = _balance(from);
        if (balance == 0) return;
        address key = vm.addr(VOUCHER_KEYS + ++vouchers);
        uint40 time = uint40(block.timestamp);
        IEscrowTypes.VoucherOrder memory order =
            IEscrowTypes.VoucherOrder(from, key, uint64(bound(amount, 1, balance)), 0, time + 1 days, time);
        bytes32 operation = keccak256(
            abi.encode(
                TypedHashes.CREATE_VOUCHER, from, key, order.amount, 0, order.expiry, _nonce(from), order.deadline
            )
        );
        bytes memory clearance = _clear(operation, time);
        uint64 owed = escrow.liabilities();
        vm.prank(escrow.ownerOf(from));
        escrow.createVoucher(order, "", clearance);
        inVouchers += order.amount;
        if (escrow.liabilities() != owed) liabilitiesMoved = true;
    }

    /// @dev Redeems a voucher, or gives it back when it has expired; a closed one refuses both.
    function closeVoucher(uint256 which, uint256 who) external {
        if (vouchers == 0) return;
        uint256 privateKey = VOUCHER_KEYS + bound(which, 1, vouchers);
        address key = vm.addr(privateKey);
        IEscrowTypes.Voucher memory voucher = escrow.voucherOf(key);
        if (voucher.amount == 0) {
            vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NoVoucher.selector, key));
            escrow.reclaimVoucher(key);
            return;
        }
        inVouchers -= voucher.amount;
        if (block.timestamp > voucher.expiry) {
            escrow.reclaimVoucher(key);
        } else {
            uint32 to = _id(who);
            bytes32 digest = _typed(keccak256(abi.encode(TypedHashes.REDEEM, key, to, voucher.from, voucher.expiry)));
            escrow.redeemVoucher(key, to, _sign(privateKey, digest));
        }
    }

    function convertEarnings(uint256 who, uint256 amount) external {
        uint32 id = _id(who);
        uint256 available = escrow.earnerOf(id).available;
        if (available == 0) return;
        amount = bound(amount, 1, available);
        vm.prank(escrow.ownerOf(id));
        escrow.convertEarnings(id, uint64(amount));
        paidTo[id] += amount;
    }

    // ---------------------------------------------------- reading ----------------------------------------------------

    function escrowAddress() external view returns (ICreditEscrow) {
        return escrow;
    }

    function held() external view returns (uint256) {
        return usdc.balanceOf(address(escrow));
    }

    // ---------------------------------------------------- internal ---------------------------------------------------

    function _owner(uint256 seed) private view returns (address) {
        uint256 index = seed % OWNERS;
        return index == 0 ? platform : address(uint160(0xabc0 + index));
    }

    function _id(uint256 seed) private view returns (uint32) {
        return uint32(1 + (seed % (escrow.nextId() - 1)));
    }

    function _nonce(uint32 account) private view returns (uint96) {
        return escrow.accountOf(account).nonce;
    }

    function _clear(bytes32 operation, uint40 deadline) private view returns (bytes memory) {
        return _sign(CLEARER_KEY, _typed(keccak256(abi.encode(TypedHashes.CLEARANCE, operation, deadline))));
    }

    function _debits(uint256 seed) private view returns (bytes memory lines, uint256 gross) {
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
