// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev A signature in another form is no signature: the mirrored half of the curve, the 64-byte form of EIP-2098, `v` of
/// 0 or 1, one byte more or less. So there is one form of each, and nothing that keys on its bytes can be fooled.
contract MalleabilityTest is MovesTest {
    uint256 private constant VOUCHER_KEY = 0xc0de;

    function test_malleability_ofAnOwner() public {
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        bytes32 digest = _typed(_operation(move));
        bytes[5] memory forms = _forms(OWNER_KEY, digest);
        for (uint256 i = 0; i < forms.length; ++i) _fails(_transferData(move, forms[i]), _invalid(owner, digest));
        _succeeds(_transferData(move, _sign(OWNER_KEY, digest)));
    }

    function test_malleability_ofTheClearer() public {
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        bytes32 digest = _typed(_clearanceHash(_operation(move), move.deadline));
        bytes memory signature = _sign(OWNER_KEY, _typed(_operation(move)));
        bytes[5] memory forms = _forms(CLEARER_KEY, digest);
        for (uint256 i = 0; i < forms.length; ++i) {
            _fails(abi.encodeCall(escrow.transfer, (move, signature, forms[i])), _invalid(clearer, digest));
        }
        _succeeds(_transferData(move, signature));
    }

    function test_malleability_ofTheSettler() public {
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 1e6), _line(friend, 1e6), "");
        bytes32 digest = _digest(batch);
        bytes[5] memory forms = _forms(SETTLER_KEY, digest);
        for (uint256 i = 0; i < forms.length; ++i) {
            _fails(abi.encodeCall(escrow.settle, (batch, forms[i])), _invalid(settler, digest));
        }
        _succeeds(abi.encodeCall(escrow.settle, (batch, _sign(SETTLER_KEY, digest))));
    }

    function test_malleability_ofAVouchersKey() public {
        address key = vm.addr(VOUCHER_KEY);
        IEscrowTypes.VoucherOrder memory order = _order(buyer, key, 10e6);
        _createVoucher(order);
        bytes32 digest = _redeemDigest(key, friend);
        bytes[5] memory forms = _forms(VOUCHER_KEY, digest);
        for (uint256 i = 0; i < forms.length; ++i) {
            _fails(abi.encodeCall(escrow.redeemVoucher, (key, friend, forms[i])), _invalid(key, digest));
        }
        _succeeds(abi.encodeCall(escrow.redeemVoucher, (key, friend, _sign(VOUCHER_KEY, digest))));
    }

    /// @dev A signature that recovers to nobody is not that of an account that nobody owns.
    function test_malleability_ofNobody() public {
        IEscrowTypes.Transfer memory move = _move(friend + 1, friend, 10e6);
        bytes memory nobody = new bytes(65);
        _fails(
            abi.encodeCall(escrow.transfer, (move, nobody, nobody)),
            abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, friend + 1)
        );
        _fails(
            abi.encodeCall(escrow.redeemVoucher, (address(0), friend, nobody)),
            abi.encodeWithSelector(IEscrowTypes.NoVoucher.selector, address(0))
        );
    }

    /// @dev All that a lenient verifier would take for the same signature.
    function _forms(uint256 key, bytes32 digest) private pure returns (bytes[5] memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        return [
            abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27)),
            abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255))),
            abi.encodePacked(r, s, v - 27),
            abi.encodePacked(r, s, v, hex"00"),
            abi.encodePacked(r, s)
        ];
    }
}
