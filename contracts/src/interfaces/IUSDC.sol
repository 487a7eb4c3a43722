// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The part of Circle's FiatTokenV2_2 that the escrow calls
/// @dev https://github.com/circlefin/stablecoin-evm/blob/master/contracts/v2/FiatTokenV2_2.sol
interface IUSDC is IERC20 {
    /// @notice ERC-3009: moves `value` from `from` to `to`, which must be the caller, on `from`'s signature.
    /// @dev The `bytes` form takes ERC-1271 signatures of smart wallets as well as ECDSA.
    /// @param from Who pays and has signed
    /// @param to Who receives: the caller
    /// @param value µUSDC
    /// @param validAfter The first second at which the signature is not yet valid
    /// @param validBefore The first second at which it is valid no more
    /// @param nonce Any 32 bytes that `from` has not used yet
    /// @param signature 65-byte ECDSA signature, or what `from`'s contract understands
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external;

    /// @notice ERC-3009: moves `value` from `from` to `to` on `from`'s signature; anybody may call.
    /// @param from Who pays and has signed
    /// @param to Who receives
    /// @param value µUSDC
    /// @param validAfter The first second at which the signature is not yet valid
    /// @param validBefore The first second at which it is valid no more
    /// @param nonce Any 32 bytes that `from` has not used yet
    /// @param signature 65-byte ECDSA signature, or what `from`'s contract understands
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external;

    /// @notice ERC-2612: lets `spender` spend `value` of `owner`'s on `owner`'s signature.
    /// @param owner Who has signed
    /// @param spender Who may spend
    /// @param value µUSDC
    /// @param deadline The last second at which the permit may be used
    /// @param signature 65-byte ECDSA signature, or what `owner`'s contract understands
    function permit(address owner, address spender, uint256 value, uint256 deadline, bytes memory signature) external;
}
