// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CreditEscrow} from "../../src/CreditEscrow.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

contract OpenTest is EscrowTest {
    function test_constructor_opensAccountOneForThePlatform() public view {
        assertEq(escrow.ownerOf(1), platform, "owner of account 1");
        assertEq(escrow.idOf(platform), 1, "primary account of the platform");
        assertEq(escrow.nextId(), 2, "next number");
        assertEq(escrow.liabilities(), 0, "nothing owed");
        assertEq(escrow.usdc(), address(usdc), "token");
        assertEq(escrow.settler(), settler, "settler");
        assertEq(escrow.clearer(), clearer, "clearer");
    }

    function test_constructor_revertsOnZeroAddresses() public {
        bytes memory reason = abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(0));
        for (uint256 i = 0; i < 7; ++i) {
            CreditEscrow.Setup memory setup = _setup();
            if (i == 0) setup.usdc = address(0);
            if (i == 1) setup.platform = address(0);
            if (i == 2) setup.settler = address(0);
            if (i == 3) setup.clearer = address(0);
            if (i == 4) setup.attributor = address(0);
            if (i == 5) setup.guardian = address(0);
            if (i == 6) setup.governor = address(0);
            vm.expectRevert(reason);
            new CreditEscrow(setup);
        }
    }

    function test_open_givesANumberAndADayLimit(address owner, bytes32 salt) public {
        vm.assume(owner != address(0) && !(owner == platform && salt == 0));
        bytes32 ref = keccak256(abi.encode(owner, salt));
        expectEvent(address(escrow));
        emit IEscrowTypes.AccountOpened(2, owner, ref);
        uint32 account = escrow.open(owner, salt);

        assertEq(account, 2, "number");
        assertEq(escrow.refOf(owner, salt), ref, "ref");
        assertEq(escrow.idOfRef(ref), 2, "number of the ref");
        assertEq(escrow.idOf(owner), salt == 0 ? 2 : owner == platform ? 1 : 0, "primary account");
        IEscrowTypes.Account memory state = escrow.accountOf(account);
        assertEq(state.owner, owner, "owner");
        assertEq(state.dayLimit, escrow.DEFAULT_DAY_LIMIT(), "day limit");
        assertEq(uint256(state.balance) + state.debt + state.used + state.exitAt + state.nonce, 0, "all else is zero");
    }

    function test_open_findsAnOpenAccount() public {
        assertEq(escrow.open(alice, 0), 2, "opened");
        assertEq(escrow.open(alice, 0), 2, "found");
        assertEq(escrow.open(alice, "team"), 3, "another salt, another account");
        assertEq(escrow.nextId(), 4, "next number");
    }

    function test_open_revertsForNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(0)));
        escrow.open(address(0), 0);
    }

    function test_open_revertsWhenNumbersHaveRunOut() public {
        // nextId stands in the high bits of the head's slot
        uint256 slot = _headSlot();
        uint256 head = uint256(vm.load(address(escrow), bytes32(slot)));
        vm.store(address(escrow), bytes32(slot), bytes32(head | (uint256(type(uint32).max) << 168)));
        vm.expectRevert(IEscrowTypes.AccountsExhausted.selector);
        escrow.open(alice, 0);
    }

    function _headSlot() private view returns (uint256 slot) {
        while ((uint256(vm.load(address(escrow), bytes32(slot))) >> 168) & type(uint32).max != 2) ++slot;
    }
}
