// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {TypedHashes} from "../../src/libraries/TypedHashes.sol";
import {NextEscrow} from "../support/NextEscrow.sol";
import {MoneyHandler} from "./MoneyHandler.sol";

/// @dev What owners and roles decide while money moves: owners and roles change hands, groups are paused, a policy comes
/// and goes, a successor takes accounts over, owners leave.
contract EscrowHandler is MoneyHandler {
    uint256 private constant ROLE_KEYS = 0x401e0000;

    NextEscrow private _next = new NextEscrow();
    uint256 private _roleKeys = ROLE_KEYS;

    // ----------------------------------------------------- owners ----------------------------------------------------

    /// @dev At once if the clearer agrees, else after two days.
    function rotateOwner(uint256 who, uint256 to, bool cleared) external {
        if (_isPaused(IEscrowTypes.Group.Moves)) return;
        uint32 id = _id(who);
        IEscrowTypes.Rotation memory rotation =
            IEscrowTypes.Rotation(id, _owner(to), uint40(block.timestamp));
        bytes32 operation = keccak256(
            abi.encode(TypedHashes.ROTATE_OWNER, id, rotation.owner, _nonce(id), rotation.deadline)
        );
        bytes memory signature = _sign(OWNER_KEYS + (to % OWNERS), _typed(operation));
        bytes memory clearance = cleared ? _clear(operation, rotation.deadline) : bytes("");
        address owner = escrow.ownerOf(id);
        vm.prank(owner);
        escrow.rotateOwner(rotation, "", signature, clearance);
        ++operations[id];
    }

    function applyOwner(uint256 who, bool cancel) external {
        uint32 id = _id(who);
        (, uint40 maturesAt,,) = escrow.queuedOf(id);
        if (maturesAt == 0) return;
        if (cancel) {
            address owner = escrow.ownerOf(id);
            vm.prank(owner);
            escrow.cancelOwner(id);
        } else if (block.timestamp >= maturesAt) {
            escrow.applyOwner(id);
        }
    }

    function setDayLimit(uint256 who, uint256 perDay) external {
        uint32 id = _id(who);
        IEscrowTypes.DayLimit memory limit =
            IEscrowTypes.DayLimit(id, uint40(bound(perDay, 0, 900e6)), uint40(block.timestamp));
        address owner = escrow.ownerOf(id);
        vm.prank(owner);
        escrow.setDayLimit(limit, "");
        ++operations[id];
    }

    function applyDayLimit(uint256 who) external {
        uint32 id = _id(who);
        (,,, uint40 maturesAt) = escrow.queuedOf(id);
        if (maturesAt == 0 || block.timestamp < maturesAt) return;
        escrow.applyDayLimit(id);
    }

    /// @dev A move without the owner, or without the clearer.
    function steal(uint256 who, uint256 toSeed, bool asOwner) external {
        (uint32 from, uint32 to) = (_id(who), _id(toSeed));
        IEscrowTypes.Transfer memory move =
            IEscrowTypes.Transfer(from, to, 1, MEMO, uint40(block.timestamp));
        bytes32 operation = keccak256(
            abi.encode(TypedHashes.TRANSFER, from, to, move.amount, MEMO, _nonce(from), move.deadline)
        );
        bytes memory clearance = asOwner ? bytes("") : _clear(operation, move.deadline);
        bytes memory data = abi.encodeCall(escrow.transfer, (move, bytes(""), clearance));
        address caller = asOwner ? escrow.ownerOf(from) : address(0xbad);
        vm.prank(caller);
        (bool done,) = address(escrow).call(data);
        if (done) broken["I9"] = true;
    }

    // ----------------------------------------------------- roles -----------------------------------------------------

    /// @dev The guardian pauses as often as he is let.
    function pause(uint256 which, uint256 length) external {
        IEscrowTypes.Group group = IEscrowTypes.Group(which % 4);
        uint256 end = escrow.pausedUntil(group);
        bytes memory data = abi.encodeCall(escrow.pause, (group, uint40(block.timestamp + bound(length, 1, 7 days))));
        vm.prank(guardian);
        (bool done,) = address(escrow).call(data);
        if (done && end != 0 && block.timestamp < end + 14 days) broken["I16"] = true;
    }

    function suspend(uint256 who, uint256 length) external {
        uint32 id = _id(who);
        vm.prank(governor);
        escrow.suspend(id, uint40(block.timestamp + bound(length, 1, 30 days)), 0);
    }

    function setCaps(uint256 capacity) external {
        vm.prank(governor);
        escrow.setCaps(uint64(bound(capacity, 50_000e6, 1_000_000e6)), WINDOW);
    }

    /// @dev A role passes on; who had it tries once more.
    function setSigner(uint8 which) external {
        IEscrowTypes.Role role = IEscrowTypes.Role(which % 5);
        uint256 key = ++_roleKeys;
        address from = escrow.roleOf(role);
        vm.prank(governor);
        escrow.setSigner(role, vm.addr(key));
        if (_formerActs(role, from)) broken["I9"] = true;
        if (role == IEscrowTypes.Role.Settler) settlerKey = key;
        else if (role == IEscrowTypes.Role.Clearer) clearerKey = key;
        else if (role == IEscrowTypes.Role.Attributor) attributor = vm.addr(key);
        else if (role == IEscrowTypes.Role.Guardian) guardian = vm.addr(key);
        else governor = vm.addr(key);
    }

    /// @dev None, one that breaks, or one that believes some.
    function setPolicy(uint256 which) external {
        address[4] memory policies = [address(policy), address(0), address(policy), address(usdc)];
        vm.prank(governor);
        escrow.setPayoutPolicy(policies[which % 4]);
    }

    function verify(uint256 who, bool believed) external {
        address owner = _owner(who);
        if (believed) policy.verify(owner);
        else policy.forget(owner);
    }

    /// @dev A good earner waits for two days and takes most of it: beyond the limit only if the policy believes its owner.
    function earnAndWithdraw(uint256 who, uint256 gross, uint256 amount) external {
        if (_isPaused(IEscrowTypes.Group.Deposits) || usdc.isBlacklisted(_owner(0))) return;
        deposit(0, 2_000e6);
        settle(uint256(keccak256(abi.encode(gross))), who, who);
        vm.warp(block.timestamp + 2 days);
        withdraw(who, amount);
    }

    // ---------------------------------------------------- the way out ------------------------------------------------

    function queueSuccessor() external {
        vm.prank(governor);
        escrow.queueSuccessor(address(_next));
    }

    function cancelSuccessor() external {
        (address next,) = escrow.successor();
        if (next == address(0)) return;
        vm.prank(guardian);
        escrow.cancelSuccessor();
    }

    function requestExit(uint256 who) external {
        uint32 id = _id(who);
        (,, uint40 settledAt) = escrow.nextBatch();
        (address next,) = escrow.successor();
        if (next == address(0) && block.timestamp <= settledAt + 14 days) return;
        address owner = escrow.ownerOf(id);
        vm.prank(owner);
        escrow.requestExit(id);
    }

    /// @dev Two accounts go to the successor, but not those whose owners are leaving.
    function migrate(uint256 who, uint256 other) external {
        (address next, uint40 maturesAt) = escrow.successor();
        if (next == address(0)) return;
        if (block.timestamp < maturesAt) vm.warp(maturesAt);
        uint32[] memory ids = new uint32[](2);
        (ids[0], ids[1]) = (_id(who), _id(other));
        uint256[2] memory before = [_balance(ids[0]), _balance(ids[1])];
        bool[2] memory leaving = [_isLeaving(ids[0]), _isLeaving(ids[1])];
        vm.prank(vm.addr(clearerKey));
        uint256 total = escrow.migrate(ids);
        paidOut += total;
        for (uint256 i = 0; i < 2; ++i) {
            if (leaving[i] ? _balance(ids[i]) != before[i] : _balance(ids[i]) != 0) broken["I13"] = true;
        }
    }

    /// @dev Batches stay away for two weeks, everything is paused, and still one leaves with his credit.
    function exit(uint256 who) external {
        uint32 id = _id(who);
        address owner = escrow.ownerOf(id);
        uint256 balance = _balance(id);
        if (balance == 0 || usdc.isBlacklisted(owner)) return;
        (,, uint40 settledAt) = escrow.nextBatch();
        (address next,) = escrow.successor();
        if (next == address(0) && block.timestamp <= settledAt + 14 days) vm.warp(settledAt + 14 days + 1);
        vm.prank(owner);
        escrow.requestExit(id);
        vm.warp(block.timestamp + 7 days);
        vm.startPrank(governor);
        for (uint8 group = 0; group < 4; ++group) {
            escrow.pause(IEscrowTypes.Group(group), uint40(block.timestamp + 1));
        }
        vm.stopPrank();
        vm.prank(owner);
        escrow.exit(id);
        vm.warp(block.timestamp + 1);
        paidOut += balance;
    }

    // ---------------------------------------------------- internal ---------------------------------------------------

    function _isLeaving(uint32 id) private view returns (bool) {
        uint256 exitAt = escrow.accountOf(id).exitAt;
        return exitAt != 0 && block.timestamp <= exitAt + 7 days;
    }

    /// @dev What the role may do at any time, done by somebody who had it; `steal` tries without the clearer.
    function _formerActs(IEscrowTypes.Role role, address from) private returns (bool done) {
        bytes memory data = abi.encodeCall(escrow.suspend, (1, uint40(block.timestamp + 1), 0));
        if (role == IEscrowTypes.Role.Settler) {
            IEscrowTypes.Batch memory batch = _batch("", "", "");
            data = abi.encodeCall(escrow.settle, (batch, _sign(settlerKey, _digest(batch))));
        } else if (role == IEscrowTypes.Role.Attributor) {
            data = abi.encodeCall(escrow.attribute, (1, 1, "block", ++logs));
        }
        vm.prank(from);
        (done,) = address(escrow).call(data);
    }
}
