// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEAS} from "../interfaces/IEAS.sol";
import {IPayoutPolicy} from "../interfaces/IPayoutPolicy.sol";

/// @title An owner is verified by an attestation that a known attester made about him
/// @notice Immutable: another schema or attester is another policy. The attestation itself stays with EAS, so that
/// its expiry and its revocation count at once.
contract EasPayoutPolicy is IPayoutPolicy {
    /// @notice Where attestations stand.
    IEAS public immutable EAS;
    /// @notice What they have to say.
    bytes32 public immutable SCHEMA;
    /// @notice Who has to say it.
    address public immutable ATTESTER;

    /// @notice The attestation that was registered for an owner.
    mapping(address owner => bytes32 uid) public attestationOf;

    /// @notice An attestation now stands for an owner.
    event Registered(address indexed owner, bytes32 indexed uid);

    /// @notice An address or a schema is missing.
    error Incomplete();
    /// @notice No valid attestation of the schema, by the attester.
    error NotAccepted(bytes32 uid);

    /// @param eas The Ethereum Attestation Service
    /// @param schema Uid of the schema
    /// @param attester Who is believed
    constructor(address eas, bytes32 schema, address attester) {
        if (eas == address(0) || schema == 0 || attester == address(0)) revert Incomplete();
        EAS = IEAS(eas);
        SCHEMA = schema;
        ATTESTER = attester;
    }

    /// @notice Registers an attestation for its recipient: anybody may call. A later one replaces it.
    /// @param uid Its id
    function register(bytes32 uid) external {
        IEAS.Attestation memory attestation = EAS.getAttestation(uid);
        if (!_accepts(attestation) || attestation.recipient == address(0)) revert NotAccepted(uid);
        attestationOf[attestation.recipient] = uid;
        emit Registered(attestation.recipient, uid);
    }

    /// @inheritdoc IPayoutPolicy
    function isVerified(address owner) external view returns (bool) {
        bytes32 uid = attestationOf[owner];
        if (uid == 0) return false;
        IEAS.Attestation memory attestation = EAS.getAttestation(uid);
        return attestation.recipient == owner && _accepts(attestation);
    }

    function _accepts(IEAS.Attestation memory attestation) private view returns (bool) {
        bool known = attestation.schema == SCHEMA && attestation.attester == ATTESTER && attestation.uid != 0;
        bool expired = attestation.expirationTime != 0 && attestation.expirationTime <= block.timestamp;
        return known && !expired && attestation.revocationTime == 0;
    }
}
