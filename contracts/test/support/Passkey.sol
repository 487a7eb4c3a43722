// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";
import {Vm} from "./Vm.sol";

/// @dev An authenticator: signs challenges as a browser and a phone do together. https://www.w3.org/TR/webauthn-2/
library Passkey {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    /// @dev Somebody was there, and showed that it was him.
    bytes1 internal constant PRESENT_AND_VERIFIED = 0x05;
    /// @dev Order of the curve P-256.
    uint256 internal constant ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;

    function assertion(
        uint256 key,
        bytes32 challenge,
        bytes1 flags
    ) internal pure returns (WebAuthn.WebAuthnAuth memory auth) {
        string memory encoded = Base64.encodeURL(abi.encodePacked(challenge));
        auth.clientDataJSON = string.concat(
            '{"type":"webauthn.get","challenge":"', encoded, '","origin":"https://wallet.example"}'
        );
        (auth.typeIndex, auth.challengeIndex) = (1, 23);
        auth.authenticatorData = abi.encodePacked(sha256("wallet.example"), flags, uint32(7));
        bytes32 message = sha256(abi.encodePacked(auth.authenticatorData, sha256(bytes(auth.clientDataJSON))));
        (auth.r, auth.s) = vm.signP256(key, message);
        if (uint256(auth.s) > ORDER / 2) auth.s = bytes32(ORDER - uint256(auth.s));
    }

    function sign(uint256 key, bytes32 challenge) internal pure returns (bytes memory) {
        return encode(assertion(key, challenge, PRESENT_AND_VERIFIED));
    }

    /// @dev The fields of the struct, without the offset that `abi.encode` puts before a struct.
    function encode(WebAuthn.WebAuthnAuth memory auth) internal pure returns (bytes memory) {
        return abi.encode(
            auth.r, auth.s, auth.challengeIndex, auth.typeIndex, auth.authenticatorData, auth.clientDataJSON
        );
    }
}
