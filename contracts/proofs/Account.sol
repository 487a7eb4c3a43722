// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Models} from "./Models.sol";

/// @title Credit or debt, never both, and no more debt than the cap (I8); every µUSDC of a line is somebody's
/// @dev Steps of an induction: what holds before a call holds after it, and it holds for an account without either.
contract DebtProof {
    modifier holds(uint256 balance, uint256 debt) {
        require(balance == 0 || debt == 0);
        require(debt <= Models.MAX_DEBT);
        _;
    }

    function credit(uint256 balance, uint256 debt, uint256 amount) external pure holds(balance, debt) {
        require(balance <= type(uint64).max && amount <= type(uint64).max);
        (uint256 balanceAfter, uint256 debtAfter, uint256 repaid) = Models.credit(balance, debt, amount);
        assert(balanceAfter + repaid == balance + amount); // what comes in is credit, or repays
        assert(debtAfter + repaid == debt);
        assert(balanceAfter == 0 || debtAfter == 0);
        assert(debtAfter <= Models.MAX_DEBT);
    }

    function spend(uint256 balance, uint256 debt, uint256 amount) external pure holds(balance, debt) {
        require(balance <= type(uint64).max && amount <= Models.MAX_LINE);
        (uint256 balanceAfter, uint256 debtAfter, uint256 writtenOff) = Models.spend(balance, debt, amount);
        assert(balanceAfter + debt + amount == balance + debtAfter + writtenOff); // the account's, lent, or given up
        assert(writtenOff == 0 || debtAfter == Models.MAX_DEBT); // nothing is given up before the cap
        assert(balanceAfter == 0 || debtAfter == 0);
        assert(debtAfter <= Models.MAX_DEBT);
    }
}

/// @title The day limit's bucket: never above the limit (I7), and at most twice the limit in any 24 hours
/// @dev One call is a line that comes `flow` = seconds · limit after the last one. `_spent` and `_flow` are of a span
/// that begins anywhere and lasts a day.
contract DayLimitProof {
    uint256 private immutable LIMIT;
    uint256 private _used;
    uint256 private _spent;
    uint256 private _flow;

    constructor(uint40 limit, uint256 used) {
        require(used <= limit);
        (LIMIT, _used) = (limit, used);
    }

    function spend(uint256 amount, uint256 flow) external {
        require(amount <= Models.MAX_LINE);
        require(flow <= Models.DAY * LIMIT && _flow + flow <= Models.DAY * LIMIT);
        uint256 used = Models.drain(_used, flow) + amount;
        require(used <= LIMIT);
        _used = used;
        _spent += amount;
        _flow += flow;
        assert(_used <= LIMIT);
        assert(_spent * Models.DAY <= _used * Models.DAY + _flow);
        assert(_spent <= 2 * LIMIT);
    }
}

/// @title Settlement's bucket: refilled up to its capacity and no further (I7), at most twice of it in a window
contract CapacityProof {
    uint256 private immutable CAPACITY;
    uint256 private _available;
    uint256 private _refilled;
    uint256 private _settled;
    uint256 private immutable AT_FIRST;

    constructor(uint64 capacity, uint256 available) {
        require(available <= capacity);
        (CAPACITY, _available, AT_FIRST) = (capacity, available, available);
    }

    function settle(uint256 gross, uint256 refill) external {
        require(refill <= CAPACITY && _refilled + refill <= CAPACITY); // within one window
        uint256 available = _available + refill;
        if (available > CAPACITY) available = CAPACITY;
        require(gross <= available);
        _available = available - gross;
        _refilled += refill;
        _settled += gross;
        assert(_available <= CAPACITY);
        assert(_settled + _available <= AT_FIRST + _refilled);
        assert(_settled <= 2 * CAPACITY);
    }
}
