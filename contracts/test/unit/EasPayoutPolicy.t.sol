// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEAS} from "../../src/interfaces/IEAS.sol";
import {EasPayoutPolicy} from "../../src/policies/EasPayoutPolicy.sol";
import {Test} from "../support/Test.sol";

/// @dev Attestations as the test sets them.
contract FakeEas is IEAS {
    mapping(bytes32 uid => Attestation) private _attestations;

    function set(Attestation calldata attestation) external {
        _attestations[attestation.uid] = attestation;
    }

    function getAttestation(bytes32 uid) external view returns (Attestation memory) {
        return _attestations[uid];
    }
}

contract EasPayoutPolicyTest is Test {
    bytes32 private constant SCHEMA = "schema";
    bytes32 private constant UID = "uid";
    address private attester = address(0xa77e);
    address private alice = address(0xa11ce);
    FakeEas private eas;
    EasPayoutPolicy private policy;

    function setUp() public {
        vm.warp(1_795_000_000);
        eas = new FakeEas();
        policy = new EasPayoutPolicy(address(eas), SCHEMA, attester);
    }

    function test_register_byAnybodyForTheRecipient() public {
        eas.set(_attestation());
        assertTrue(!policy.isVerified(alice), "not yet");
        expectEvent(address(policy));
        emit EasPayoutPolicy.Registered(alice, UID);
        policy.register(UID);
        assertTrue(policy.isVerified(alice), "verified");
        assertTrue(!policy.isVerified(attester), "nobody else");
        assertEq(policy.attestationOf(alice), UID, "uid");
    }

    function test_register_revertsForAnythingElse() public {
        for (uint256 i = 0; i < 6; ++i) {
            IEAS.Attestation memory other = _attestation();
            if (i == 0) other.uid = "unknown";
            if (i == 1) other.schema = "another";
            if (i == 2) other.attester = alice;
            if (i == 3) other.expirationTime = uint64(block.timestamp);
            if (i == 4) other.revocationTime = 1;
            if (i == 5) other.recipient = address(0);
            eas.set(other);
            vm.expectRevert(abi.encodeWithSelector(EasPayoutPolicy.NotAccepted.selector, UID));
            policy.register(UID);
        }
    }

    function test_isVerified_endsWithExpiryAndRevocation() public {
        IEAS.Attestation memory attestation = _attestation();
        attestation.expirationTime = uint64(block.timestamp + 1 days);
        eas.set(attestation);
        policy.register(UID);
        vm.warp(block.timestamp + 1 days - 1);
        assertTrue(policy.isVerified(alice), "until then");
        vm.warp(block.timestamp + 1);
        assertTrue(!policy.isVerified(alice), "expired");
        attestation.expirationTime = 0;
        eas.set(attestation);
        assertTrue(policy.isVerified(alice), "never expires");
        attestation.revocationTime = uint64(block.timestamp);
        eas.set(attestation);
        assertTrue(!policy.isVerified(alice), "revoked");
    }

    function test_isVerified_notIfTheAttestationIsAboutSomebodyElse() public {
        IEAS.Attestation memory attestation = _attestation();
        eas.set(attestation);
        policy.register(UID);
        attestation.recipient = attester;
        eas.set(attestation);
        assertTrue(!policy.isVerified(alice), "another recipient");
    }

    function test_constructor_revertsWhenIncomplete() public {
        bytes memory reason = abi.encodeWithSelector(EasPayoutPolicy.Incomplete.selector);
        vm.expectRevert(reason);
        new EasPayoutPolicy(address(0), SCHEMA, attester);
        vm.expectRevert(reason);
        new EasPayoutPolicy(address(eas), 0, attester);
        vm.expectRevert(reason);
        new EasPayoutPolicy(address(eas), SCHEMA, address(0));
    }

    function _attestation() private view returns (IEAS.Attestation memory) {
        return IEAS.Attestation(UID, SCHEMA, uint64(block.timestamp), 0, 0, 0, alice, attester, true, "");
    }
}
