// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev Somebody watches the mempool and copies what he sees of vouchers. The key signs who gets the credit, and of
/// which voucher, so a copy does what the original would have done.
contract VoucherCopyingTest is MovesTest {
    uint256 private constant VOUCHER_KEY = 0xc0de;
    address private thief = address(0x7417f);
    address private key;
    uint32 private own;

    function setUp() public override {
        super.setUp();
        key = vm.addr(VOUCHER_KEY);
        own = _deposit(thief, 20e6);
    }

    function test_copying_aRedemptionCreditsTheSameAccount() public {
        IEscrowTypes.VoucherOrder memory order = _order(buyer, key, 10e6);
        _createVoucher(order);
        bytes memory signature = _redemption(friend, escrow.voucherOf(key));
        vm.expectRevert(_invalid(key, _redeemDigest(key, own)));
        vm.prank(thief);
        escrow.redeemVoucher(key, own, signature);
        vm.prank(thief);
        escrow.redeemVoucher(key, friend, signature); // the copy
        assertEq(_balance(friend), 10e6, "the account that the key signed for");
    }

    /// @dev A voucher of the thief's under the key that somebody else is about to use: the honest one fails and keeps its
    /// credit, and what the key has signed for the honest issuer's voucher does not redeem the thief's.
    function test_copying_aKeyCostsTheHonestIssuerNothing() public {
        IEscrowTypes.VoucherOrder memory order = _order(buyer, key, 10e6);
        bytes memory clearance = _clear(_operation(order), order.deadline);
        bytes memory signature = _redemption(friend, _voucher(order));
        IEscrowTypes.VoucherOrder memory copied = _order(own, key, 20e6);
        _createVoucher(copied);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.VoucherKeyInUse.selector, key));
        vm.prank(owner);
        escrow.createVoucher(order, "", clearance);
        assertEq(_balance(buyer), 100e6, "nothing left the honest account");
        vm.expectRevert(_invalid(key, _redeemDigest(key, friend)));
        escrow.redeemVoucher(key, friend, signature);
    }

    /// @dev Nor can a copied order be made from another account, or by another than the owner.
    function test_copying_anOrderMovesNobodysCredit() public {
        IEscrowTypes.VoucherOrder memory order = _order(buyer, key, 10e6);
        bytes32 digest = _typed(_operation(order));
        bytes memory clearance = _clear(_operation(order), order.deadline);
        vm.expectRevert(_invalid(owner, digest));
        vm.prank(thief);
        escrow.createVoucher(order, _sign(VOUCHER_KEY, digest), clearance);
        vm.prank(thief);
        escrow.createVoucher(order, _sign(OWNER_KEY, digest), clearance); // relayed: the same voucher of the same account
        assertEq(escrow.voucherOf(key).from, buyer, "issuer");
        assertEq(_balance(own), 20e6, "the thief's own is untouched");
    }

    /// @dev An issuer who sees a redemption coming takes his voucher back and makes a smaller one under the key: that one
    /// the holder has not signed for, and he still decides who gets it.
    function test_copying_aRedemptionDoesNotCloseASmallerVoucher() public {
        _createVoucher(_order(buyer, key, 10e6));
        bytes memory signature = _redemption(friend, escrow.voucherOf(key));
        vm.prank(owner);
        escrow.reclaimVoucher(key);
        _createVoucher(_order(buyer, key, 1));
        vm.expectRevert(_invalid(key, _redeemDigest(key, friend)));
        escrow.redeemVoucher(key, friend, signature);
    }

    /// @dev What a copier gains by being first is nothing: one voucher, one credit.
    function test_I14_copying_creditsOnce() public {
        IEscrowTypes.VoucherOrder memory order = _order(buyer, key, 10e6);
        _createVoucher(order);
        bytes memory first = _redemption(friend, escrow.voucherOf(key));
        bytes memory second = _redemption(own, escrow.voucherOf(key)); // the holder has signed for two
        escrow.redeemVoucher(key, friend, first);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NoVoucher.selector, key));
        escrow.redeemVoucher(key, own, second);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NoVoucher.selector, key));
        vm.prank(owner);
        escrow.reclaimVoucher(key);
        assertEq(_balance(friend) + _balance(own) + _balance(buyer), 120e6, "credit is where it was or moved once");
        _assertBacked();
    }

    function _redemption(uint32 to, IEscrowTypes.Voucher memory voucher) private view returns (bytes memory) {
        return _sign(VOUCHER_KEY, _redeemDigest(key, to, voucher));
    }
}
