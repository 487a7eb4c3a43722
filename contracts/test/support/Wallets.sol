// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";

/// @dev A smart wallet: ERC-1271 on behalf of one key, whose signature has a byte in front, so that it is no ECDSA.
contract SmartWallet is IERC1271 {
    address private immutable KEY;

    constructor(address key) {
        KEY = key;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature[1:]);
        return signer == KEY ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @dev What stands at an EIP-7702 address whose delegate knows nothing of ERC-1271.
contract BareDelegate {
    receive() external payable {}
}

/// @dev What smart wallets sign instead of a bare digest: with their own address, so that two wallets of one key do not
/// share signatures. https://eips.ethereum.org/EIPS/eip-7739 has the reasons.
abstract contract BoundWallet is IERC1271 {
    bytes4 internal constant REFUSED = 0xffffffff;

    function boundDigest(bytes32 digest) public view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(keccak256("EIP712Domain(uint256 chainId,address verifyingContract)"), block.chainid, address(this))
        );
        bytes32 message = keccak256(abi.encode(keccak256("WalletMessage(bytes32 digest)"), digest));
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }
}

/// @dev A wallet whose only key is a passkey: ERC-1271 by a WebAuthn assertion over P-256.
contract PasskeyWallet is BoundWallet {
    bytes32 private immutable X;
    bytes32 private immutable Y;

    constructor(uint256 x, uint256 y) {
        (X, Y) = (bytes32(x), bytes32(y));
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (bool decoded, WebAuthn.WebAuthnAuth calldata assertion) = WebAuthn.tryDecodeAuth(signature);
        if (!decoded) return REFUSED;
        bool valid = WebAuthn.verify(abi.encodePacked(boundDigest(digest)), assertion, X, Y);
        return valid ? IERC1271.isValidSignature.selector : REFUSED;
    }
}

/// @dev A Safe in small: signatures of at least `threshold` owners, 65 bytes each, in ascending order of their owners.
contract MultisigWallet is BoundWallet {
    uint256 public immutable THRESHOLD;
    mapping(address owner => bool) public isOwner;

    constructor(address[] memory owners, uint256 threshold) {
        THRESHOLD = threshold;
        for (uint256 i = 0; i < owners.length; ++i) isOwner[owners[i]] = true;
    }

    function removeOwner(address owner) external {
        isOwner[owner] = false;
    }

    function isValidSignature(bytes32 digest, bytes calldata signatures) external view returns (bytes4) {
        if (signatures.length % 65 != 0 || signatures.length / 65 < THRESHOLD) return REFUSED;
        bytes32 bound = boundDigest(digest);
        address last;
        for (uint256 start = 0; start < signatures.length; start += 65) {
            (address signer,,) = ECDSA.tryRecoverCalldata(bound, signatures[start:start + 65]);
            if (signer <= last || !isOwner[signer]) return REFUSED;
            last = signer;
        }
        return IERC1271.isValidSignature.selector;
    }
}

/// @dev An EIP-7702 delegate that also takes the signatures of a session's key.
contract SessionDelegate is IERC1271 {
    address private immutable SESSION;

    constructor(address session) {
        SESSION = session;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        return signer == SESSION ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @dev Answers ERC-1271 as it was told to: with anything, of any length, or by failing.
contract HostileWallet {
    enum Mood {
        Agree,
        Revert,
        BurnGas,
        AnswerShort,
        AnswerLong,
        CallBack
    }

    Mood private _mood;
    address private immutable ESCROW;
    bytes private _data;

    constructor(address escrow) {
        ESCROW = escrow;
    }

    function be(Mood mood, bytes calldata data) external {
        (_mood, _data) = (mood, data);
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        if (_mood == Mood.Agree) return IERC1271.isValidSignature.selector;
        if (_mood == Mood.BurnGas) while (true) {}
        if (_mood == Mood.AnswerShort) _answer(4);
        if (_mood == Mood.AnswerLong) _answer(100_000);
        if (_mood == Mood.CallBack) {
            (bool done,) = ESCROW.call(_data);
            if (done) return IERC1271.isValidSignature.selector;
        }
        revert("no");
    }

    function _answer(uint256 length) private pure {
        bytes32 word = bytes32(IERC1271.isValidSignature.selector);
        assembly ("memory-safe") {
            mstore(0, word)
            return(0, length)
        }
    }
}
