// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {MultiSignerERC7913} from "@openzeppelin/contracts/utils/cryptography/signers/MultiSignerERC7913.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {SettlerWallet} from "../../src/periphery/SettlerWallet.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

contract SettlerWalletTest is EscrowTest {
    uint256 private constant COSIGNER_KEY = 0xc051;
    uint256 private constant STRANGER_KEY = 0x57a6;

    SettlerWallet private wallet;
    IEscrowTypes.Batch private batch;
    bytes32 private digest;

    function setUp() public override {
        super.setUp();
        wallet = new SettlerWallet(settler, vm.addr(COSIGNER_KEY));
        escrow = _deploy(address(wallet));
        uint32 buyer = _deposit(alice, 100e6);
        batch = _batch(_line(buyer, 1e6), _line(1, 1e6), "");
        digest = _digest(batch);
    }

    function test_settle_takesABatchThatBothSigned() public {
        escrow.settle(batch, _both(SETTLER_KEY, COSIGNER_KEY));
        (uint64 seq,,) = escrow.nextBatch();
        assertEq(seq, 2, "settled");
    }

    function test_settle_refusesOneSignature() public {
        _refused(_sign(SETTLER_KEY, digest), "the settler's alone");
        _refused(_sign(COSIGNER_KEY, digest), "the co-signer's alone");
        _refused(_encode(_one(SETTLER_KEY), _one(_sign(SETTLER_KEY, digest))), "one of one");
        _refused(_both(SETTLER_KEY, SETTLER_KEY), "the settler's twice");
        _refused(_both(COSIGNER_KEY, COSIGNER_KEY), "the co-signer's twice");
    }

    function test_settle_refusesAStranger() public {
        _refused(_both(SETTLER_KEY, STRANGER_KEY), "instead of the co-signer");
        _refused(_both(STRANGER_KEY, COSIGNER_KEY), "instead of the settler");
    }

    function test_settle_refusesSignaturesOfAnotherBatch() public {
        bytes memory signature = _both(SETTLER_KEY, COSIGNER_KEY);
        batch.receiptsRoot = "another";
        _refused(signature, "another root");
    }

    function testFuzz_isValidSignature_neverRevertsNorAcceptsAnythingElse(bytes calldata signature) public view {
        assertEq(uint32(wallet.isValidSignature(digest, signature)), 0xffffffff, "refused");
    }

    function test_isValidSignature_saysSo() public view {
        bytes4 magic = wallet.isValidSignature(digest, _both(SETTLER_KEY, COSIGNER_KEY));
        assertEq(uint32(magic), uint32(IERC1271.isValidSignature.selector), "ERC-1271");
        assertEq(wallet.threshold(), 2, "both");
        assertEq(wallet.getSignerCount(), 2, "two");
    }

    function test_constructor_wantsTwoSigners() public {
        vm.expectRevert(SettlerWallet.SignerMissing.selector);
        new SettlerWallet(address(0), settler);
        vm.expectRevert(SettlerWallet.SignerMissing.selector);
        new SettlerWallet(settler, address(0));
        vm.expectRevert(
            abi.encodeWithSelector(
                MultiSignerERC7913.MultiSignerERC7913AlreadyExists.selector, abi.encodePacked(settler)
            )
        );
        new SettlerWallet(settler, settler);
    }

    // ------------------------------------------------------ support --------------------------------------------------

    function _refused(bytes memory signature, string memory why) private {
        try escrow.settle(batch, signature) {
            revert(why);
        } catch (bytes memory reason) {
            assertEq(uint32(bytes4(reason)), uint32(IEscrowTypes.InvalidSignature.selector), why);
        }
    }

    /// @dev In ascending order of the signers' hashes.
    function _both(uint256 one, uint256 other) private view returns (bytes memory) {
        bytes[] memory signers = new bytes[](2);
        bytes[] memory signatures = new bytes[](2);
        if (keccak256(abi.encodePacked(vm.addr(one))) > keccak256(abi.encodePacked(vm.addr(other)))) {
            (one, other) = (other, one);
        }
        (signers[0], signers[1]) = (abi.encodePacked(vm.addr(one)), abi.encodePacked(vm.addr(other)));
        (signatures[0], signatures[1]) = (_sign(one, digest), _sign(other, digest));
        return _encode(signers, signatures);
    }

    function _encode(bytes[] memory signers, bytes[] memory signatures) private pure returns (bytes memory) {
        return abi.encode(signers, signatures);
    }

    function _one(uint256 key) private pure returns (bytes[] memory one) {
        return _one(abi.encodePacked(vm.addr(key)));
    }

    function _one(bytes memory value) private pure returns (bytes[] memory one) {
        one = new bytes[](1);
        one[0] = value;
    }
}
