// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../dev/TestUSDC.sol";
import {CreditEscrow} from "../../src/CreditEscrow.sol";
import {IEscrowSuccessor} from "../../src/interfaces/IEscrowSuccessor.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";
import {ReentrantToken} from "../support/ReentrantToken.sol";

/// @dev Calls back while it is given credit.
contract ReentrantSuccessor is IEscrowSuccessor {
    address private immutable ESCROW;
    bytes private _data;
    bool public reentered;

    constructor(address escrow) {
        ESCROW = escrow;
    }

    function arm(bytes calldata data) external {
        _data = data;
    }

    function importAccounts(Import[] calldata) external {
        (reentered,) = ESCROW.call(_data);
    }
}

/// @dev The token itself calls back, as the owner of accounts and with every role but the keys. Guards: functions that move
/// USDC refuse each other; all others may be entered meanwhile and find books that are right.
contract ReentrancyTest is MovesTest {
    uint256 private constant VOUCHER_KEY = 0xc0de;
    bytes32 private constant GUARD = keccak256(abi.encodePacked(bytes4(keccak256("ReentrancyGuardReentrantCall()"))));
    ReentrantToken private token;
    uint32 private operator;
    address private key;
    IEscrowTypes.Refund private refund;
    IEscrowTypes.Batch private last;

    /// @dev The token owns accounts 1 and `operator`, which has credit, earnings, a voucher, and an exit that is due.
    function setUp() public override {
        _start();
        token = new ReentrantToken();
        usdc = TestUSDC(address(token));
        (platform, attributor, guardian, governor) =
            (address(token), address(token), address(token), address(token));
        escrow = _deploy(_setup());
        _deposit(address(token), 1_000e6); // account 1's
        owner = vm.addr(OWNER_KEY);
        buyer = _deposit(owner, 100e6);
        _fund(address(token), 200e6);
        vm.prank(address(token));
        operator = escrow.depositFor(address(token), "operator", 100e6, MEMO);
        _settle(1, operator, 500e6);
        vm.warp(block.timestamp + 15 days);
        _asToken(abi.encodeCall(escrow.requestExit, (operator)));
        usdc.mint(address(escrow), 30e6);
        refund = IEscrowTypes.Refund(bob, 10e6, "block", 1);
        _asToken(abi.encodeCall(escrow.queueRefund, (refund)));
        vm.warp(block.timestamp + 7 days);
        key = vm.addr(VOUCHER_KEY);
        IEscrowTypes.VoucherOrder memory order = _order(operator, key, 10e6);
        _createVoucher(order);
        last = _batch(_line(1, 50e6), _line(operator, 50e6), "");
        escrow.settle(last, _sign(SETTLER_KEY, _digest(last)));
        usdc.mint(escrow.depositAddressOf(escrow.refOf(address(token), "operator")), 20e6);
    }

    function test_reentrancy_isRefusedByWhateverMovesUsdc() public {
        bytes[] memory outer = _moving();
        bytes[] memory inner = _guarded();
        for (uint256 i = 0; i < outer.length; ++i) {
            for (uint256 j = 0; j < inner.length; ++j) {
                uint256 snapshot = vm.snapshotState();
                token.arm(address(escrow), inner[j]);
                _asToken(outer[i]);
                assertTrue(!token.reentered(), "refused");
                assertEq(keccak256(token.refusal()), GUARD, "by the guard");
                vm.revertToState(snapshot);
            }
        }
    }

    /// @dev Whatever happens in between, what is held beyond what is owed stays the same, and what is owed adds up.
    function test_reentrancy_intoEverythingElseKeepsTheBooks() public {
        bytes[] memory outer = _moving();
        bytes[] memory inner = _unguarded();
        uint256 entered;
        for (uint256 i = 0; i < outer.length; ++i) {
            for (uint256 j = 0; j < inner.length; ++j) {
                if (_enter(outer[i], inner[j], false)) ++entered;
            }
        }
        assertTrue(entered > outer.length * inner.length / 2, "most of it is possible");
    }

    /// @dev The same, but the token says no to a payout after it has called back, without reverting: the earner's word,
    /// changed meanwhile, must not be put back to what it was before.
    function test_reentrancy_intoAPayoutThatFailsKeepsTheBooks() public {
        uint32[] memory ids = new uint32[](1);
        ids[0] = operator;
        bytes[] memory inner = _unguarded();
        for (uint256 j = 0; j < inner.length; ++j) {
            _enter(abi.encodeCall(escrow.payout, (ids)), inner[j], true);
        }
    }

    function test_reentrancy_ofASuccessorIsRefused() public {
        ReentrantSuccessor next = new ReentrantSuccessor(address(escrow));
        _asToken(abi.encodeCall(escrow.queueSuccessor, (address(next))));
        vm.warp(block.timestamp + 14 days);
        uint32[] memory ids = new uint32[](1);
        ids[0] = buyer;
        next.arm(abi.encodeCall(escrow.payout, (ids)));
        _asToken(abi.encodeCall(escrow.migrate, (ids)));
        assertTrue(!next.reentered(), "refused");
        assertEq(usdc.balanceOf(address(next)), 100e6, "moved once");
        _assertBooks();
    }

    // ==================================================== internal ===================================================

    function _enter(bytes memory outer, bytes memory inner, bool refuses) private returns (bool entered) {
        uint256 snapshot = vm.snapshotState();
        if (bytes4(inner) == escrow.void.selector) {
            _asToken(
                abi.encodeCall(escrow.pause, (IEscrowTypes.Group.Settlement, uint40(block.timestamp + 60)))
            );
        }
        uint256 surplus = escrow.surplus();
        token.refuse(refuses);
        token.arm(address(escrow), inner);
        vm.prank(address(token));
        (bool done,) = address(escrow).call(outer);
        assertTrue(done != refuses, "all of it or nothing");
        entered = token.reentered();
        if (bytes4(outer) == escrow.refundSurplus.selector) surplus -= refund.amount;
        assertEq(escrow.surplus(), surplus, "surplus");
        _assertBooks();
        vm.revertToState(snapshot);
    }

    function _assertBooks() private view {
        uint256 sum = escrow.voucherOf(key).amount + escrow.voucherOf(bob).amount;
        for (uint32 id = 1; id < escrow.nextId(); ++id) sum += _balance(id) + _earned(id);
        assertEq(escrow.liabilities(), sum, "liabilities are balances, earnings and vouchers");
        assertTrue(usdc.balanceOf(address(escrow)) >= sum, "backed");
    }

    function _asToken(bytes memory data) private {
        token.act(address(escrow), data);
    }

    /// @dev Everything that moves USDC while it runs.
    function _moving() private view returns (bytes[] memory calls) {
        (uint32[] memory ids, bytes32[] memory refs) = (new uint32[](2), new bytes32[](1));
        (ids[0], ids[1]) = (operator, 1);
        refs[0] = escrow.refOf(address(token), "operator");
        calls = new bytes[](8);
        calls[0] = abi.encodeCall(escrow.deposit, (operator, 5e6, MEMO));
        calls[1] = abi.encodeCall(escrow.depositFor, (bob, 0, 5e6, MEMO));
        calls[2] = abi.encodeCall(escrow.depositWithPermit, (bob, 0, 5e6, MEMO, 0, ""));
        calls[3] = abi.encodeCall(escrow.sweep, (refs));
        calls[4] = abi.encodeCall(escrow.withdraw, (operator, 100e6));
        calls[5] = abi.encodeCall(escrow.payout, (ids));
        calls[6] = abi.encodeCall(escrow.exit, (operator));
        calls[7] = abi.encodeCall(escrow.refundSurplus, (refund));
    }

    /// @dev Everything that has the guard.
    function _guarded() private view returns (bytes[] memory calls) {
        bytes[] memory moving = _moving();
        IEscrowTypes.AuthorizedDeposit memory authorized;
        IEscrowTypes.PayerDeposit memory payment;
        (authorized.amount, payment.amount) = (5e6, 5e6);
        calls = new bytes[](moving.length + 5);
        for (uint256 i = 0; i < moving.length; ++i) calls[i] = moving[i];
        calls[8] = abi.encodeCall(escrow.depositWithAuthorization, (authorized));
        calls[9] = abi.encodeCall(escrow.depositFromPayer, (payment));
        calls[10] = abi.encodeCall(escrow.attribute, (operator, 10e6, "block", 2));
        calls[11] = abi.encodeCall(escrow.rescue, (address(0), bob, 0));
        calls[12] = abi.encodeCall(escrow.migrate, (new uint32[](0)));
    }

    /// @dev Everything that has not, and changes something.
    function _unguarded() private view returns (bytes[] memory calls) {
        IEscrowTypes.Transfer memory move = _move(operator, buyer, 20e6);
        IEscrowTypes.VoucherOrder memory order = _order(operator, bob, 20e6);
        IEscrowTypes.Batch memory next =
            _batch(bytes.concat(_line(1, 5e6), _line(operator, 10e6)), _line(operator, 15e6), _line(1, 15e6));
        calls = new bytes[](12);
        calls[0] = abi.encodeCall(escrow.settle, (next, _sign(SETTLER_KEY, _digest(next))));
        calls[1] = abi.encodeCall(escrow.void, (last));
        calls[2] = _transferData(move, "");
        calls[3] = abi.encodeCall(escrow.createVoucher, (order, "", _clear(_operation(order), order.deadline)));
        bytes memory redemption = _sign(VOUCHER_KEY, _redeemDigest(key, operator));
        calls[4] = abi.encodeCall(escrow.redeemVoucher, (key, operator, redemption));
        calls[5] = abi.encodeCall(escrow.reclaimVoucher, (key));
        calls[6] = abi.encodeCall(escrow.convertEarnings, (operator, 50e6));
        calls[7] = abi.encodeCall(escrow.convertEarnings, (1, 50e6));
        calls[8] = abi.encodeCall(escrow.setPayoutTo, (operator, bob));
        calls[9] = abi.encodeCall(escrow.requestExit, (operator));
        calls[10] = abi.encodeCall(escrow.open, (bob, "another"));
        calls[11] = abi.encodeCall(escrow.suspend, (operator, uint40(block.timestamp + 1 days), 0));
    }
}
