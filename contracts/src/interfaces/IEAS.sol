// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The part of the Ethereum Attestation Service that a policy reads
/// @dev https://github.com/ethereum-attestation-service/eas-contracts/blob/master/contracts/IEAS.sol. On Base it stands
/// at 0x4200000000000000000000000000000000000021.
interface IEAS {
    /// @notice What somebody has attested.
    struct Attestation {
        bytes32 uid;
        bytes32 schema;
        uint64 time; // when it was made
        uint64 expirationTime; // 0: never
        uint64 revocationTime; // 0: not revoked
        bytes32 refUID;
        address recipient;
        address attester;
        bool revocable;
        bytes data;
    }

    /// @notice An attestation, all zero if there is none.
    /// @param uid Its id
    /// @return attestation What is known of it
    function getAttestation(bytes32 uid) external view returns (Attestation memory attestation);
}
