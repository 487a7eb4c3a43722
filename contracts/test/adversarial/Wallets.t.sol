// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";
import {Passkey} from "../support/Passkey.sol";
import {
    BareDelegate,
    BoundWallet,
    HostileWallet,
    MultisigWallet,
    PasskeyWallet,
    SessionDelegate
} from "../support/Wallets.sol";

/// @dev Owners that are not plain keys: EIP-7702 accounts, a passkey's wallet, a multisig, and wallets that mean harm.
/// Guards the order "ECDSA first, ERC-1271 if there is code", and that a wallet's answer binds that wallet only.
contract WalletsTest is MovesTest {
    uint256 private constant PASSKEY = 0x9a55;
    uint256 private constant OTHER_PASSKEY = 0x9a56;
    uint256[3] private KEYS = [uint256(0xaaa1), 0xaaa2, 0xaaa3];

    // ================================================== EIP-7702 =====================================================

    /// @dev The account's code is a delegation to something that knows nothing of ERC-1271: its key still counts.
    function test_wallets_aDelegatedAccountKeepsItsKey() public {
        _delegate(owner, address(new BareDelegate()));
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        _succeeds(_transferData(move, _sign(OWNER_KEY, _typed(_operation(move)))));
    }

    /// @dev A delegate that takes a session's key speaks for the account as long as it is delegated to, no longer.
    function test_wallets_aSessionEndsWithTheDelegation() public {
        uint256 session = 0x5e55;
        _delegate(owner, address(new SessionDelegate(vm.addr(session))));
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        _succeeds(_transferData(move, _sign(session, _typed(_operation(move)))));
        bytes memory later = _transferData(move, _sign(session, _typed(_operation(move))));
        bytes32 digest = _typed(_operation(move));
        vm.etch(owner, "");
        _fails(later, _invalid(owner, digest));
        _succeeds(_transferData(move, _sign(OWNER_KEY, digest)));
    }

    /// @dev Delegating does not hinder payouts, exits and calls by the account itself.
    function test_wallets_aDelegatedAccountIsPaid() public {
        _settle(1, buyer, 50e6);
        _delegate(owner, address(new BareDelegate()));
        vm.warp(block.timestamp + 2 days);
        vm.prank(owner);
        escrow.withdraw(buyer, 40e6);
        vm.warp(block.timestamp + 14 days + 1);
        vm.prank(owner);
        escrow.requestExit(buyer);
        vm.warp(block.timestamp + 7 days);
        vm.prank(owner);
        escrow.exit(buyer);
        assertEq(usdc.balanceOf(owner), 140e6, "earnings and credit");
    }

    // =================================================== passkeys ====================================================

    function test_wallets_aPasskeyMovesCredit() public {
        (PasskeyWallet wallet, uint32 account) = _passkeyWallet(PASSKEY);
        IEscrowTypes.Transfer memory move = _move(account, friend, 10e6);
        bytes32 challenge = wallet.boundDigest(_typed(_operation(move)));
        _succeeds(_transferData(move, Passkey.sign(PASSKEY, challenge)));
        assertEq(_balance(friend), 10e6, "moved");
    }

    function test_wallets_aPasskeyTakesOverACustodialAccount() public {
        (PasskeyWallet wallet,) = _passkeyWallet(PASSKEY);
        IEscrowTypes.Rotation memory rotation =
            IEscrowTypes.Rotation(buyer, address(wallet), uint40(block.timestamp + 60));
        bytes32 operation = _operation(rotation);
        bytes memory ofWallet = Passkey.sign(PASSKEY, wallet.boundDigest(_typed(operation)));
        bytes memory ofOther = Passkey.sign(OTHER_PASSKEY, wallet.boundDigest(_typed(operation)));
        bytes memory ofOwner = _sign(OWNER_KEY, _typed(operation));
        bytes memory clearance = _clear(operation, rotation.deadline);
        _fails(
            abi.encodeCall(escrow.rotateOwner, (rotation, ofOwner, ofOther, clearance)),
            _invalid(address(wallet), _typed(operation))
        );
        _succeeds(abi.encodeCall(escrow.rotateOwner, (rotation, ofOwner, ofWallet, clearance)));
        assertEq(escrow.ownerOf(buyer), address(wallet), "the wallet's");
    }

    /// @dev Another passkey, another challenge, the mirrored `s`, nobody present, or not an assertion at all.
    function test_wallets_aPasskeyRefusesWhatItDidNotSign() public {
        (PasskeyWallet wallet, uint32 account) = _passkeyWallet(PASSKEY);
        IEscrowTypes.Transfer memory move = _move(account, friend, 10e6);
        bytes32 digest = _typed(_operation(move));
        bytes32 challenge = wallet.boundDigest(digest);
        WebAuthn.WebAuthnAuth memory mirrored = Passkey.assertion(PASSKEY, challenge, Passkey.PRESENT_AND_VERIFIED);
        mirrored.s = bytes32(Passkey.ORDER - uint256(mirrored.s));
        bytes[6] memory wrong = [
            Passkey.sign(OTHER_PASSKEY, challenge),
            Passkey.sign(PASSKEY, digest), // not bound to this wallet
            Passkey.encode(mirrored),
            Passkey.encode(Passkey.assertion(PASSKEY, challenge, 0x04)),
            _sign(OWNER_KEY, digest),
            bytes("")
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _fails(_transferData(move, wrong[i]), _invalid(address(wallet), digest));
        }
        _succeeds(_transferData(move, Passkey.sign(PASSKEY, challenge)));
    }

    /// @dev One passkey, two wallets: an assertion for the one is none for the other.
    function test_wallets_aPasskeyOfTwoWallets() public {
        (PasskeyWallet first,) = _passkeyWallet(PASSKEY);
        (PasskeyWallet second, uint32 account) = _passkeyWallet(PASSKEY);
        IEscrowTypes.Transfer memory move = _move(account, friend, 10e6);
        bytes32 digest = _typed(_operation(move));
        bytes memory forFirst = Passkey.sign(PASSKEY, first.boundDigest(digest));
        _fails(_transferData(move, forFirst), _invalid(address(second), digest));
    }

    /// @dev A wallet that is not deployed yet cannot sign: whoever relays deploys it first.
    function test_wallets_anUndeployedWalletSignsNothing() public {
        address wallet = address(0x6492);
        uint32 account = _deposit(wallet, 20e6);
        IEscrowTypes.Transfer memory move = _move(account, friend, 10e6);
        bytes32 digest = _typed(_operation(move));
        _fails(_transferData(move, Passkey.sign(PASSKEY, digest)), _invalid(wallet, digest));
    }

    // =================================================== multisig ====================================================

    function test_wallets_aMultisigNeedsItsThreshold() public {
        (MultisigWallet safe, uint32 account) = _multisig();
        IEscrowTypes.Transfer memory move = _move(account, friend, 10e6);
        bytes32 digest = _typed(_operation(move));
        bytes[5] memory wrong = [
            _signatures(safe, digest, 0, 1), // one
            bytes.concat(_signatures(safe, digest, 0, 1), _signatures(safe, digest, 0, 1)), // one, twice
            bytes.concat(_signatures(safe, digest, 1, 2), _signatures(safe, digest, 0, 1)), // out of order
            _withStranger(safe, digest),
            bytes.concat(_signatures(safe, digest, 0, 2), hex"00")
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _fails(_transferData(move, wrong[i]), _invalid(address(safe), digest));
        }
        _succeeds(_transferData(move, _signatures(safe, digest, 0, 2)));
    }

    function test_wallets_aRemovedOwnersSignatureCountsNoMore() public {
        (MultisigWallet safe, uint32 account) = _multisig();
        IEscrowTypes.Transfer memory move = _move(account, friend, 10e6);
        bytes32 digest = _typed(_operation(move));
        bytes memory data = _transferData(move, _signatures(safe, digest, 0, 2));
        safe.removeOwner(_signer(0));
        _fails(data, _invalid(address(safe), digest));
        _succeeds(_transferData(move, _signatures(safe, digest, 1, 3)));
    }

    /// @dev A multisig can leave: it calls by itself, without a signature.
    function test_wallets_aMultisigExits() public {
        (MultisigWallet safe, uint32 account) = _multisig();
        vm.warp(block.timestamp + 14 days + 1);
        vm.prank(address(safe));
        escrow.requestExit(account);
        vm.warp(block.timestamp + 7 days);
        vm.prank(address(safe));
        escrow.exit(account);
        assertEq(usdc.balanceOf(address(safe)), 50e6, "paid");
    }

    // ================================================ wallets that mean harm =========================================

    /// @dev A wallet that agrees to everything opens its own account to everybody, and no other.
    function test_wallets_aCarelessWalletLosesOnlyItsOwn() public {
        HostileWallet wallet = new HostileWallet(address(escrow));
        uint32 account = _deposit(address(wallet), 20e6);
        IEscrowTypes.Transfer memory move = _move(account, friend, 20e6);
        _succeeds(_transferData(move, "anything"));
        move = _move(buyer, account, 20e6);
        _fails(_transferData(move, "anything"), _invalid(owner, _typed(_operation(move))));
    }

    function test_wallets_aHostileWalletIsRefused() public {
        HostileWallet wallet = new HostileWallet(address(escrow));
        uint32 account = _deposit(address(wallet), 20e6);
        IEscrowTypes.Transfer memory move = _move(account, friend, 10e6);
        bytes32 digest = _typed(_operation(move));
        bytes memory again = abi.encodeCall(escrow.open, (alice, "by the wallet"));
        for (uint8 mood = 1; mood < 6; ++mood) {
            if (mood == uint8(HostileWallet.Mood.AnswerLong)) continue;
            wallet.be(HostileWallet.Mood(mood), again);
            bytes memory data = _transferData(move, "anything");
            (bool done, bytes memory reason) = address(escrow).call{gas: 2_000_000}(data);
            assertTrue(!done, "refused");
            if (mood != uint8(HostileWallet.Mood.BurnGas)) {
                assertEq(keccak256(reason), keccak256(_invalid(address(wallet), digest)), "for this reason");
            }
        }
        assertEq(escrow.idOfRef(escrow.refOf(alice, "by the wallet")), 0, "a signature check changes nothing");
        assertEq(_balance(account), 20e6, "nothing moved");
    }

    /// @dev An answer of any length is read up to its first word: a long one costs its sender gas and nobody else.
    function test_wallets_aLongAnswerIsNoBomb() public {
        HostileWallet wallet = new HostileWallet(address(escrow));
        uint32 account = _deposit(address(wallet), 20e6);
        wallet.be(HostileWallet.Mood.AnswerLong, "");
        bytes memory data = _transferData(_move(account, friend, 10e6), "anything");
        (bool done,) = address(escrow).call{gas: 300_000}(data);
        assertTrue(done, "its own transfer");
    }

    // ==================================================== internal ===================================================

    /// @dev As EIP-7702 writes it: the code of the account names another's.
    function _delegate(address account, address to) private {
        vm.etch(account, abi.encodePacked(hex"ef0100", to));
    }

    function _passkeyWallet(uint256 key) private returns (PasskeyWallet wallet, uint32 account) {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        wallet = new PasskeyWallet(x, y);
        account = _deposit(address(wallet), 20e6);
    }

    function _multisig() private returns (MultisigWallet safe, uint32 account) {
        address[] memory owners = new address[](3);
        for (uint256 i = 0; i < 3; ++i) owners[i] = _signer(i);
        safe = new MultisigWallet(owners, 2);
        account = _deposit(address(safe), 50e6);
    }

    /// @dev The three keys in the order of their addresses.
    function _keyAt(uint256 index) private view returns (uint256 key) {
        uint256[3] memory keys = KEYS;
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                if (vm.addr(keys[j]) < vm.addr(keys[i])) (keys[i], keys[j]) = (keys[j], keys[i]);
            }
        }
        return keys[index];
    }

    function _signer(uint256 index) private view returns (address) {
        return vm.addr(_keyAt(index));
    }

    function _signatures(
        BoundWallet safe,
        bytes32 digest,
        uint256 from,
        uint256 end
    ) private view returns (bytes memory all) {
        bytes32 bound = safe.boundDigest(digest);
        for (uint256 i = from; i < end; ++i) all = bytes.concat(all, _sign(_keyAt(i), bound));
    }

    /// @dev One owner and somebody else, in ascending order.
    function _withStranger(BoundWallet safe, bytes32 digest) private view returns (bytes memory) {
        bytes memory stranger = _sign(OWNER_KEY, safe.boundDigest(digest));
        bytes memory one = _signatures(safe, digest, 0, 1);
        return owner < _signer(0) ? bytes.concat(stranger, one) : bytes.concat(one, stranger);
    }
}
