// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {ERC20Pausable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Pausable.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title USDC for local chains and tests: behaves as Circle's FiatTokenV2_2, but anybody mints
/// @notice 6 decimals, ERC-2612 and ERC-3009 with `bytes` and v/r/s signatures, blacklist, pause, EIP-712 domain "USD
/// Coin" version "2". Never deployed where USDC exists.
/// @dev OpenZeppelin's `ERC20TransferAuthorization` takes sequential nonces only, USDC any nonce: hence the plain ERC3009.
contract TestUSDC is ERC3009, ERC20Pausable, IERC20Permit, Nonces {
    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    /// @notice Whether the address may neither send nor receive.
    mapping(address account => bool blacklisted) public isBlacklisted;

    error Blacklisted(address account);
    error PermitExpired(uint256 deadline);
    error PermitInvalid(address owner);

    constructor() ERC20("USD Coin", "USDC") EIP712("USD Coin", "2") {}

    // ------------------------------------------------ for development ------------------------------------------------

    /// @notice Makes USDC out of nothing.
    /// @param to Who gets it
    /// @param amount µUSDC
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice Stops an address from sending, receiving and signing, as Circle can.
    /// @param account The address
    function blacklist(address account) external {
        isBlacklisted[account] = true;
    }

    /// @notice Undoes `blacklist`.
    /// @param account The address
    function unBlacklist(address account) external {
        isBlacklisted[account] = false;
    }

    /// @notice Stops all movements, as Circle can.
    function pause() external {
        _pause();
    }

    /// @notice Undoes `pause`.
    function unpause() external {
        _unpause();
    }

    // ------------------------------------------------- as FiatTokenV2_2 ----------------------------------------------

    /// @notice EIP-712 version of the token's domain.
    /// @return version "2"
    function version() external pure returns (string memory) {
        return "2";
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @inheritdoc IERC20Permit
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(IERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    /// @inheritdoc IERC20Permit
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        permit(owner, spender, value, deadline, abi.encodePacked(r, s, v));
    }

    /// @notice ERC-2612 with a signature that may be ERC-1271.
    /// @param owner Who has signed
    /// @param spender Who may spend
    /// @param value µUSDC
    /// @param deadline Last second at which the permit may be used
    /// @param signature ECDSA or ERC-1271
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes memory signature
    ) public whenNotPaused {
        if (block.timestamp > deadline) revert PermitExpired(deadline);
        bytes32 structHash = keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, _useNonce(owner), deadline));
        if (!SignatureChecker.isValidSignatureNow(owner, _hashTypedDataV4(structHash), signature)) {
            revert PermitInvalid(owner);
        }
        _approve(owner, spender, value);
    }

    /// @notice ERC-3009 `transferWithAuthorization` with a signature that may be ERC-1271.
    /// @param from Who pays and has signed
    /// @param to Who receives
    /// @param value µUSDC
    /// @param validAfter Valid from the second after
    /// @param validBefore Valid until the second before
    /// @param nonce Unused by `from`
    /// @param signature ECDSA or ERC-1271
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external {
        bytes memory message =
            abi.encode(TRANSFER_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        _checkSignature(from, keccak256(message), signature);
        _transferWithAuthorization(from, to, value, validAfter, validBefore, nonce);
    }

    /// @notice ERC-3009 `receiveWithAuthorization` with a signature that may be ERC-1271.
    /// @param from Who pays and has signed
    /// @param to Who receives: the caller
    /// @param value µUSDC
    /// @param validAfter Valid from the second after
    /// @param validBefore Valid until the second before
    /// @param nonce Unused by `from`
    /// @param signature ECDSA or ERC-1271
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external {
        bytes memory message =
            abi.encode(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        _checkSignature(from, keccak256(message), signature);
        if (to != msg.sender) revert ERC20InvalidReceiver(to);
        _transferWithAuthorization(from, to, value, validAfter, validBefore, nonce);
    }

    /// @notice ERC-3009 `cancelAuthorization` with a signature that may be ERC-1271.
    /// @param authorizer Who has signed
    /// @param nonce Unused by `authorizer`
    /// @param signature ECDSA or ERC-1271
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes memory signature) external {
        _checkSignature(authorizer, keccak256(abi.encode(CANCEL_AUTHORIZATION_TYPEHASH, authorizer, nonce)), signature);
        _cancelAuthorization(authorizer, nonce);
    }

    function _checkSignature(address signer, bytes32 structHash, bytes memory signature) private view {
        if (!SignatureChecker.isValidSignatureNow(signer, _hashTypedDataV4(structHash), signature)) {
            revert ERC3009InvalidSignature();
        }
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Pausable) {
        if (isBlacklisted[from]) revert Blacklisted(from);
        if (isBlacklisted[to]) revert Blacklisted(to);
        if (isBlacklisted[msg.sender]) revert Blacklisted(msg.sender);
        super._update(from, to, value);
    }
}
