// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

contract VoucherTest is MovesTest {
    uint256 private constant VOUCHER_KEY = 0xc0de;
    uint256 private constant OWNERS_SLOT = 2 ** 33 + 3; // see abi/storage.json
    address private key;

    function setUp() public override {
        super.setUp();
        key = vm.addr(VOUCHER_KEY);
    }

    function test_createVoucher_putsCreditUnderAKey(uint64 amount) public {
        amount = uint64(bound(amount, 1, 100e6));
        IEscrowTypes.VoucherOrder memory order = _order(amount, 0);
        bytes32 operation = _hash(order);
        expectEvent(address(escrow));
        emit IEscrowTypes.VoucherCreated(key, buyer, amount, 0, order.expiry, 0);
        escrow.createVoucher(order, _sign(OWNER_KEY, _typed(operation)), _clear(operation, order.deadline));
        assertEq(_balance(buyer), 100e6 - uint256(amount), "issuer");
        assertEq(escrow.voucherOf(key).amount, amount, "voucher");
        assertEq(escrow.voucherOf(key).from, buyer, "from");
        assertEq(escrow.liabilities(), 200e6, "liabilities are untouched");
    }

    function test_createVoucher_reverts() public {
        IEscrowTypes.VoucherOrder memory order = _order(0, 0);
        _createReverts(order, abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 0, 1));
        order = _order(1e6, 99);
        _createReverts(order, abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, 99));
        order = _order(1e6, 0);
        order.key = address(0);
        _createReverts(order, abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(0)));
        order = _order(1e6, 0);
        order.expiry = uint40(block.timestamp);
        bytes memory reason = abi.encodeWithSelector(
            IEscrowTypes.DeadlinePassed.selector, block.timestamp, block.timestamp
        );
        _createReverts(order, reason);
        order = _order(100e6 + 1, 0);
        reason = abi.encodeWithSelector(IEscrowTypes.InsufficientBalance.selector, buyer, 100e6, 100e6 + 1);
        _createReverts(order, reason);
    }

    function test_I9_createVoucher_revertsWithoutClearance() public {
        IEscrowTypes.VoucherOrder memory order = _order(1e6, 0);
        bytes32 operation = _hash(order);
        bytes32 digest = _typed(_clearanceHash(operation, order.deadline));
        bytes memory byTheOwner = _sign(OWNER_KEY, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, clearer, digest));
        vm.prank(owner);
        escrow.createVoucher(order, "", byTheOwner);
    }

    function test_createVoucher_revertsForAKeyInUse() public {
        _create(1e6, 0);
        bytes memory reason = abi.encodeWithSelector(IEscrowTypes.VoucherKeyInUse.selector, key);
        _createReverts(_order(1e6, 0), reason);
        vm.warp(escrow.voucherOf(key).expiry + 1);
        _createReverts(_order(1e6, 0), reason);
    }

    /// @dev A nonce that does not fit the voucher's word would be that of another voucher there.
    function test_createVoucher_revertsBeyondTheLargestNonce() public {
        uint256 most = type(uint88).max;
        _setNonce(most);
        _create(1e6, 0);
        assertEq(escrow.voucherOf(key).nonce, most, "the largest");
        escrow.redeemVoucher(key, friend, _redemption(friend));
        bytes memory reason = abi.encodeWithSelector(IEscrowTypes.ValueTooLarge.selector, most + 1, most);
        _createReverts(_order(1e6, 0), reason);
    }

    function test_I14_closing_emptiesTheSlotForAnotherVoucher() public {
        for (uint96 nonce = 0; nonce < 3; ++nonce) {
            _create(10e6, friend);
            assertEq(escrow.voucherOf(key).nonce, nonce, "the nonce it was made with");
            if (nonce == 1) {
                vm.prank(owner);
                escrow.reclaimVoucher(key);
            } else {
                escrow.redeemVoucher(key, friend, _redemption(friend));
            }
            bytes32 nothing = keccak256(abi.encode(IEscrowTypes.Voucher(0, 0, 0, 0, 0)));
            assertEq(keccak256(abi.encode(escrow.voucherOf(key))), nothing, "nothing stays");
            vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NoVoucher.selector, key));
            vm.prank(owner);
            escrow.reclaimVoucher(key);
        }
        assertEq(_balance(friend), 20e6, "each redemption once");
        assertEq(_balance(buyer), 80e6, "one came back");
        _assertBacked();
    }

    function test_redeemVoucher_creditsWhomTheKeySigned(address submitter) public {
        _create(10e6, 0);
        bytes memory signature = _redemption(friend);
        expectEvent(address(escrow));
        emit IEscrowTypes.VoucherClosed(key, friend, 10e6, 0, true);
        vm.prank(submitter);
        escrow.redeemVoucher(key, friend, signature);
        assertEq(_balance(friend), 10e6, "friend");
        assertEq(escrow.voucherOf(key).amount, 0, "closed");
        _assertBacked();
    }

    function test_redeemVoucher_worksInTheLastSecond() public {
        _create(10e6, 0);
        bytes memory signature = _redemption(friend);
        vm.warp(escrow.voucherOf(key).expiry);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotOwner.selector, buyer, address(this)));
        escrow.reclaimVoucher(key);
        escrow.redeemVoucher(key, friend, signature);
        assertEq(_balance(friend), 10e6, "friend");
    }

    function test_redeemVoucher_revertsTheSecondTime() public {
        _create(10e6, 0);
        bytes memory signature = _redemption(friend);
        escrow.redeemVoucher(key, friend, signature);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NoVoucher.selector, key));
        escrow.redeemVoucher(key, friend, signature);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NoVoucher.selector, key));
        escrow.reclaimVoucher(key);
    }

    function test_redeemVoucher_revertsForWhomTheKeyDidNotSign() public {
        _create(10e6, 0);
        bytes memory signature = _redemption(friend);
        bytes32 digest = _redeemDigest(key, 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, key, digest));
        escrow.redeemVoucher(key, 1, signature);
    }

    function test_redeemVoucher_revertsForAnotherThanNamed() public {
        _create(10e6, friend);
        bytes memory signature = _redemption(buyer);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.VoucherForAnother.selector, key, friend));
        escrow.redeemVoucher(key, buyer, signature);
        escrow.redeemVoucher(key, friend, _redemption(friend));
        assertEq(_balance(friend), 10e6, "friend");
    }

    function test_redeemVoucher_revertsForUnknownAccounts() public {
        _create(10e6, 0);
        bytes memory signature = _redemption(99);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, 99));
        escrow.redeemVoucher(key, 99, signature);
    }

    function test_redeemVoucher_revertsAfterItsExpiry() public {
        _create(10e6, 0);
        uint256 expiry = escrow.voucherOf(key).expiry;
        bytes memory signature = _redemption(friend);
        vm.warp(expiry + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.DeadlinePassed.selector, expiry, expiry + 1));
        escrow.redeemVoucher(key, friend, signature);
    }

    /// @dev Each field that the key signs counts.
    function test_redeemVoucher_revertsForAnotherVouchersSignature() public {
        _create(10e6, 0);
        bytes memory reason = _invalid(key, _redeemDigest(key, friend));
        for (uint256 i = 0; i < 3; ++i) {
            IEscrowTypes.Voucher memory other = escrow.voucherOf(key);
            if (i == 0) ++other.from;
            else if (i == 1) ++other.expiry;
            else ++other.nonce;
            bytes memory signature = _sign(VOUCHER_KEY, _redeemDigest(key, friend, other));
            vm.expectRevert(reason);
            escrow.redeemVoucher(key, friend, signature);
        }
    }

    function test_reclaimVoucher_byTheIssuerAnyTimeByAnybodyAfterExpiry() public {
        _create(10e6, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotOwner.selector, buyer, bob));
        vm.prank(bob);
        escrow.reclaimVoucher(key);
        expectEvent(address(escrow));
        emit IEscrowTypes.VoucherClosed(key, buyer, 10e6, 0, false);
        vm.prank(owner);
        escrow.reclaimVoucher(key);
        assertEq(_balance(buyer), 100e6, "back");

        key = vm.addr(VOUCHER_KEY + 1);
        _create(10e6, 0);
        vm.warp(escrow.voucherOf(key).expiry + 1);
        vm.prank(bob);
        escrow.reclaimVoucher(key);
        assertEq(_balance(buyer), 100e6, "back");
        _assertBacked();
    }

    /// @dev As if the issuer's owner had signed so many operations.
    function _setNonce(uint256 nonce) private {
        bytes32 slot = keccak256(abi.encode(uint256(buyer), OWNERS_SLOT));
        vm.store(address(escrow), slot, bytes32((nonce << 160) | uint160(owner)));
        assertEq(escrow.accountOf(buyer).nonce, nonce, "the slot of the nonce");
    }

    function _create(uint64 amount, uint32 to) private {
        IEscrowTypes.VoucherOrder memory order = _order(amount, to);
        bytes memory clearance = _clear(_hash(order), order.deadline);
        vm.prank(owner);
        escrow.createVoucher(order, "", clearance);
    }

    function _createReverts(IEscrowTypes.VoucherOrder memory order, bytes memory reason) private {
        bytes memory clearance = _clear(_hash(order), order.deadline);
        vm.expectRevert(reason);
        vm.prank(owner);
        escrow.createVoucher(order, "", clearance);
    }

    function _order(uint64 amount, uint32 to) private view returns (IEscrowTypes.VoucherOrder memory) {
        uint40 expiry = uint40(block.timestamp + 30 days);
        return IEscrowTypes.VoucherOrder(buyer, key, amount, to, expiry, uint40(block.timestamp + 60));
    }

    function _hash(IEscrowTypes.VoucherOrder memory order) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "CreateVoucher(uint32 from,address key,uint64 amount,uint32 to,uint40 expiry,uint96 nonce,uint40 deadline)"
                ),
                order.from,
                order.key,
                order.amount,
                order.to,
                order.expiry,
                escrow.accountOf(order.from).nonce,
                order.deadline
            )
        );
    }

    function _redemption(uint32 to) private view returns (bytes memory) {
        return _sign(VOUCHER_KEY, _redeemDigest(key, to));
    }
}
