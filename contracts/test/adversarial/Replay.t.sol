// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev Signatures where they do not belong: another chain, another contract, another account, a second time. Guards the
/// EIP-712 domain, the account in every message, the nonce and the numbers of batches.
contract ReplayTest is MovesTest {
    uint256 private constant VOUCHER_KEY = 0xc0de;

    // =================================================== other places ================================================

    function test_replay_onAnotherChain() public {
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        bytes memory data = _transferData(move, _ownerSigned(_operation(move)));
        vm.chainId(84_532);
        _fails(data, _invalid(owner, _typed(_operation(move))));
        vm.chainId(31_337);
        _succeeds(data);
    }

    function test_replay_onAnotherContract() public {
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        bytes memory data = _transferData(move, _ownerSigned(_operation(move)));
        address first = address(escrow);
        _startAgain();
        _fails(data, _invalid(owner, _typed(_operation(move))));
        (bool done,) = first.call(data);
        assertTrue(done, "where it was meant for");
    }

    function test_replay_ofABatchOnAnotherContractAndChain() public {
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 1e6), _line(friend, 1e6), "");
        bytes memory data = abi.encodeCall(escrow.settle, (batch, _sign(SETTLER_KEY, _digest(batch))));
        vm.chainId(84_532);
        _fails(data, _invalid(settler, _digest(batch)));
        vm.chainId(31_337);
        _startAgain();
        _fails(data, _invalid(settler, _digest(batch)));
    }

    function test_replay_ofARedemptionOnAnotherContract() public {
        address key = vm.addr(VOUCHER_KEY);
        IEscrowTypes.VoucherOrder memory order = _order(buyer, key, 10e6);
        bytes memory signature = _sign(VOUCHER_KEY, _redeemDigest(key, friend, _voucher(order)));
        _startAgain();
        _createVoucher(order);
        _fails(
            abi.encodeCall(escrow.redeemVoucher, (key, friend, signature)),
            _invalid(key, _redeemDigest(key, friend))
        );
    }

    // ================================================== other operations =============================================

    /// @dev One key owns two accounts: what it signs for the one says nothing about the other.
    function test_replay_onAnotherAccountOfTheSameOwner() public {
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        bytes memory signature = _ownerSigned(_operation(move));
        _fund(owner, 50e6);
        vm.prank(owner);
        move.from = escrow.depositFor(owner, "team", 50e6, MEMO);
        _fails(_transferData(move, signature), _invalid(owner, _typed(_operation(move))));
    }

    /// @dev A clearance belongs to one operation: the owner cannot spend another amount, or somebody else, with it.
    function test_replay_ofAClearanceForAnotherOperation() public {
        IEscrowTypes.Transfer memory cleared = _move(buyer, friend, 1e6);
        bytes memory clearance = _clear(_operation(cleared), cleared.deadline);
        IEscrowTypes.Transfer memory wanted = _move(buyer, friend, 100e6);
        bytes32 digest = _typed(_clearanceHash(_operation(wanted), wanted.deadline));
        vm.expectRevert(_invalid(clearer, digest));
        vm.prank(owner);
        escrow.transfer(wanted, "", clearance);
    }

    /// @dev The same fields under another type are another message: a signed day limit changes no owner.
    function test_replay_ofOneTypeAsAnother() public {
        IEscrowTypes.DayLimit memory limit =
            IEscrowTypes.DayLimit(buyer, uint40(uint160(0xbad)), uint40(block.timestamp + 60));
        bytes memory signature = _ownerSigned(_operation(limit));
        IEscrowTypes.Rotation memory rotation = IEscrowTypes.Rotation(buyer, address(0xbad), limit.deadline);
        bytes32 digest = _typed(_operation(rotation));
        vm.expectRevert(_invalid(owner, digest));
        vm.prank(address(0xbad));
        escrow.rotateOwner(rotation, signature, "", "");
    }

    // ==================================================== a second time ==============================================

    function test_I6_replay_aSecondTime() public {
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        bytes memory data = _transferData(move, _ownerSigned(_operation(move)));
        _succeeds(data);
        _fails(data, _invalid(owner, _typed(_operation(move))));
    }

    /// @dev Any operation of the account uses up the nonce, so of two signatures for one nonce only one works.
    function test_I6_replay_ofASignatureForAUsedNonce() public {
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        bytes memory data = _transferData(move, _ownerSigned(_operation(move)));
        IEscrowTypes.DayLimit memory limit = IEscrowTypes.DayLimit(buyer, 300e6, uint40(block.timestamp + 60));
        escrow.setDayLimit(limit, _ownerSigned(_operation(limit)));
        _fails(data, _invalid(owner, _typed(_operation(move))));
    }

    /// @dev An account that changes hands and comes back takes no signature from before.
    function test_I6_replay_afterTheAccountHasComeBack() public {
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        bytes memory data = _transferData(move, _ownerSigned(_operation(move)));
        _rotate(owner, friendOwner);
        _rotate(friendOwner, owner);
        assertEq(escrow.ownerOf(buyer), owner, "back");
        _fails(data, _invalid(owner, _typed(_operation(move))));
    }

    /// @dev The signature that redeemed a voucher redeems no second one, though key, issuer, expiry and amount be the same
    /// and all of it happen in one block.
    function test_I6_replay_ofARedemptionAfterTheSameOrderAgain() public {
        address key = vm.addr(VOUCHER_KEY);
        IEscrowTypes.VoucherOrder memory order = _order(buyer, key, 10e6);
        _createVoucher(order);
        bytes memory data = _redemption(key);
        _succeeds(data);
        _fails(data, abi.encodeWithSelector(IEscrowTypes.NoVoucher.selector, key));
        _createVoucher(order);
        _fails(data, _invalid(key, _redeemDigest(key, friend)));
        assertEq(escrow.voucherOf(key).amount, 10e6, "the second one stays");
        _succeeds(_redemption(key));
        assertEq(_balance(friend), 20e6, "once for each signature");
        _assertBacked();
    }

    /// @dev What the key has signed for a voucher that went back to its issuer does not redeem what he makes of it.
    function test_I6_replay_ofARedemptionThatCameAfterItsVoucherWentBack(bool expired) public {
        address key = vm.addr(VOUCHER_KEY);
        IEscrowTypes.VoucherOrder memory order = _order(buyer, key, 10e6);
        _createVoucher(order);
        bytes memory data = _redemption(key);
        if (expired) vm.warp(order.expiry + 1);
        else vm.prank(owner);
        escrow.reclaimVoucher(key);
        order = _order(buyer, key, 10e6);
        _createVoucher(order);
        _fails(data, _invalid(key, _redeemDigest(key, friend)));
        _succeeds(_redemption(key));
    }

    /// @dev Two issuers, one key, one expiry, and nonces that are the same: the issuer is signed too.
    function test_I6_replay_ofARedemptionOnAnotherIssuersVoucher() public {
        address key = vm.addr(VOUCHER_KEY);
        uint32 other = _deposit(bob, 100e6);
        _createVoucher(_order(buyer, key, 10e6));
        bytes memory data = _redemption(key);
        uint96 nonce = escrow.voucherOf(key).nonce;
        _succeeds(data);
        _createVoucher(_order(other, key, 10e6));
        assertEq(escrow.voucherOf(key).nonce, nonce, "the same nonce");
        _fails(data, _invalid(key, _redeemDigest(key, friend)));
    }

    /// @dev An account that changes hands goes on counting: its new owner's voucher is another.
    function test_I6_replay_ofARedemptionAfterTheIssuerChangedHands() public {
        address key = vm.addr(VOUCHER_KEY);
        IEscrowTypes.VoucherOrder memory order = _order(buyer, key, 10e6);
        _createVoucher(order);
        bytes memory data = _redemption(key);
        _succeeds(data);
        _rotate(owner, friendOwner);
        _createVoucher(order);
        _fails(data, _invalid(key, _redeemDigest(key, friend)));
    }

    /// @dev A batch that was undone cannot be settled again: its number is used.
    function test_I6_replay_ofAVoidedBatch() public {
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 1e6), _line(friend, 1e6), "");
        bytes memory data = abi.encodeCall(escrow.settle, (batch, _sign(SETTLER_KEY, _digest(batch))));
        _succeeds(data);
        vm.startPrank(guardian);
        escrow.pause(IEscrowTypes.Group.Settlement, uint40(block.timestamp + 1));
        escrow.void(batch);
        escrow.unpause(IEscrowTypes.Group.Settlement);
        vm.stopPrank();
        _fails(data, abi.encodeWithSelector(IEscrowTypes.WrongSequence.selector, 1, 2));
    }

    // ==================================================== internal ===================================================

    /// @dev Another escrow with the same accounts under the same numbers.
    function _startAgain() private {
        escrow = _deploy(settler);
        _deposit(platform, 100e6);
        assertEq(_deposit(owner, 100e6), buyer, "the same number there");
        assertEq(escrow.open(friendOwner, 0), friend, "and there");
    }

    function _rotate(address from, address to) private {
        IEscrowTypes.Rotation memory rotation = IEscrowTypes.Rotation(buyer, to, uint40(block.timestamp + 60));
        bytes32 operation = _operation(rotation);
        bytes memory clearance = _clear(operation, rotation.deadline);
        if (to == owner) {
            bytes memory signature = _ownerSigned(operation);
            vm.prank(from);
            escrow.rotateOwner(rotation, "", signature, clearance);
        } else {
            bytes memory signature = _ownerSigned(operation);
            vm.prank(to);
            escrow.rotateOwner(rotation, signature, "", clearance);
        }
    }

    /// @dev The open voucher's key signs for the friend.
    function _redemption(address key) private view returns (bytes memory) {
        bytes memory signature = _sign(VOUCHER_KEY, _redeemDigest(key, friend));
        return abi.encodeCall(escrow.redeemVoucher, (key, friend, signature));
    }

    function _ownerSigned(bytes32 operation) private view returns (bytes memory) {
        return _sign(OWNER_KEY, _typed(operation));
    }
}
