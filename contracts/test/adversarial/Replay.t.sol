// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {BareDelegate, SmartWallet} from "../support/Wallets.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev Signatures where they do not belong: another chain, another contract, a second time, in another form.
contract ReplayTest is MovesTest {
    function test_replay_onAnotherChain() public {
        (bytes memory data, bytes32 operation) = _transfer(friend);
        bytes32 here = _typed(operation);
        vm.chainId(84_532);
        assertTrue(_typed(operation) != here, "another domain");
        _fails(data);
        vm.chainId(31_337);
        _succeeds(data);
    }

    function test_replay_onAnotherContract() public {
        (bytes memory data,) = _transfer(friend);
        address first = address(escrow);
        escrow = _deploy(settler);
        _deposit(platform, 100e6);
        assertEq(_deposit(owner, 100e6), buyer, "the same number there");
        escrow.open(friendOwner, 0);
        _fails(data);
        (bool done,) = first.call(data);
        assertTrue(done, "where it was meant for");
    }

    function test_replay_ofABatchOnAnotherContract() public {
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 1e6), _line(friend, 1e6), "");
        bytes memory signature = _sign(SETTLER_KEY, _digest(batch));
        escrow = _deploy(settler);
        _deposit(platform, 100e6);
        _deposit(owner, 100e6);
        escrow.open(friendOwner, 0);
        _fails(abi.encodeCall(escrow.settle, (batch, signature)));
    }

    function test_I6_replay_aSecondTime() public {
        (bytes memory data,) = _transfer(friend);
        _succeeds(data);
        _fails(data);
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
        _fails(data);
    }

    /// @dev The other half of the curve, and the 64-byte form, are no second signature.
    function test_malleability_ofOwnerAndClearer() public {
        (IEscrowTypes.Transfer memory move, bytes32 operation) = _move(friend);
        bytes memory clearance = _clear(operation, move.deadline);
        bytes memory other = _mirrored(OWNER_KEY, _typed(operation));
        _fails(abi.encodeCall(escrow.transfer, (move, other, clearance)));
        bytes memory good = _sign(OWNER_KEY, _typed(operation));
        other = _mirrored(CLEARER_KEY, _typed(_clearanceHash(operation, move.deadline)));
        _fails(abi.encodeCall(escrow.transfer, (move, good, other)));
        _fails(abi.encodeCall(escrow.transfer, (move, bytes.concat(good, hex"00"), clearance)));
        _succeeds(abi.encodeCall(escrow.transfer, (move, good, clearance)));
    }

    // ================================================= 7702 and 1271 owners ==========================================

    function test_wallets_aDelegatedAccountKeepsItsKey() public {
        vm.etch(owner, address(new BareDelegate()).code);
        (bytes memory data,) = _transfer(friend);
        _succeeds(data);
    }

    function test_wallets_aSmartWalletSignsAsItLikes() public {
        address wallet = address(new SmartWallet(owner));
        uint32 account = _deposit(wallet, 20e6);
        buyer = account;
        (IEscrowTypes.Transfer memory move, bytes32 operation) = _move(friend);
        bytes memory clearance = _clear(operation, move.deadline);
        bytes memory signature = _sign(OWNER_KEY, _typed(operation));
        _fails(abi.encodeCall(escrow.transfer, (move, signature, clearance))); // the key's own is not the wallet's
        _succeeds(abi.encodeCall(escrow.transfer, (move, bytes.concat(hex"01", signature), clearance)));
    }

    // ==================================================== internal ===================================================

    function _move(uint32 to) private view returns (IEscrowTypes.Transfer memory move, bytes32 operation) {
        move = IEscrowTypes.Transfer(buyer, to, 10e6, MEMO, uint40(block.timestamp + 60));
        operation = keccak256(
            abi.encode(
                keccak256(
                    "Transfer(uint32 from,uint32 to,uint64 amount,bytes32 memo,uint96 nonce,uint40 deadline)"
                ),
                buyer,
                to,
                move.amount,
                MEMO,
                escrow.accountOf(buyer).nonce,
                move.deadline
            )
        );
    }

    function _transfer(uint32 to) private view returns (bytes memory data, bytes32 operation) {
        IEscrowTypes.Transfer memory move;
        (move, operation) = _move(to);
        bytes memory signature = _sign(OWNER_KEY, _typed(operation));
        data = abi.encodeCall(escrow.transfer, (move, signature, _clear(operation, move.deadline)));
    }

    function _mirrored(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        return abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
    }

    function _fails(bytes memory data) private {
        (bool done,) = address(escrow).call(data);
        assertTrue(!done, "must fail");
    }

    function _succeeds(bytes memory data) private {
        (bool done,) = address(escrow).call(data);
        assertTrue(done, "must succeed");
    }
}
