// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {TestUSDC} from "../../dev/TestUSDC.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {AllowanceRecharge} from "../../src/periphery/AllowanceRecharge.sol";
import {MovesTest} from "../support/MovesTest.sol";
import {ReentrantToken} from "../support/ReentrantToken.sol";

contract AllowanceRechargeTest is MovesTest {
    uint32 private constant PERIOD = 30 days;
    uint64 private constant CEILING = 100e6;

    AllowanceRecharge private recharger;
    address private keeper = address(0x4ee9e);
    address private thief = address(0x7417f);

    function setUp() public override {
        super.setUp();
        _startOver();
    }

    // ==================================================== consent ====================================================

    function test_consent_isTheOwnersAlone() public {
        expectEvent(address(recharger));
        emit AllowanceRecharge.Consented(bob, keeper, 10e6, 1 days);
        vm.prank(bob);
        recharger.consent(keeper, 10e6, 1 days);
        _assertConsent(bob, keeper, 10e6, 1 days, 10e6, 0);
        _assertConsent(alice, keeper, CEILING, PERIOD, CEILING, 0);
    }

    function test_consent_endsWithACeilingOfZero() public {
        vm.prank(alice);
        recharger.consent(keeper, 0, PERIOD);
        _assertConsent(alice, address(0), 0, 0, 0, 0);
        _reverts(abi.encodeWithSelector(AllowanceRecharge.NotKeeper.selector, keeper, address(0)), 10e6);
    }

    function test_consent_revertsWithoutKeeperOrPeriod() public {
        vm.expectRevert(
            abi.encodeWithSelector(AllowanceRecharge.IncompleteConsent.selector, address(0), uint32(1))
        );
        recharger.consent(address(0), 1, 1);
        vm.expectRevert(abi.encodeWithSelector(AllowanceRecharge.IncompleteConsent.selector, keeper, uint32(0)));
        recharger.consent(keeper, 1, 0);
    }

    /// @dev Ending a consent and giving it again must not begin a period: what was pulled counts on.
    function test_consent_doesNotForgetWhatWasPulled() public {
        _recharge(60e6);
        vm.startPrank(alice);
        recharger.consent(keeper, 0, 0);
        recharger.consent(keeper, CEILING, PERIOD);
        vm.stopPrank();
        _reverts(abi.encodeWithSelector(AllowanceRecharge.CeilingExceeded.selector, uint64(41e6), uint64(40e6)), 41e6);
        _recharge(40e6);
    }

    function test_consent_holdsForThePeriodThatRuns() public {
        _recharge(60e6);
        vm.prank(alice);
        recharger.consent(keeper, 50e6, PERIOD);
        _reverts(abi.encodeWithSelector(AllowanceRecharge.CeilingExceeded.selector, uint64(5e6), uint64(0)), 5e6);
        vm.prank(alice);
        recharger.consent(keeper, 50e6, 1 days);
        vm.warp(block.timestamp + 1 days);
        _recharge(50e6);
    }

    // ==================================================== recharge ===================================================

    function test_recharge_creditsTheOwnersPrimaryAccount() public {
        uint256 before = usdc.balanceOf(alice);
        expectEvent(address(recharger));
        emit AllowanceRecharge.Recharged(alice, keeper, 20e6, MEMO);
        expectEvent(address(escrow));
        emit IEscrowTypes.Deposited(
            escrow.nextId(), address(recharger), IEscrowTypes.Rail.DepositFor, 20e6, 0, MEMO
        );
        uint32 account = _recharge(20e6);
        assertEq(escrow.idOf(alice), account, "primary");
        assertEq(escrow.ownerOf(account), alice, "owner");
        assertEq(_balance(account), 20e6, "credit");
        assertEq(before - usdc.balanceOf(alice), 20e6, "paid");
        _assertNothingLeft();
        _assertBacked();
    }

    function test_recharge_isTheKeepersAlone() public {
        address[3] memory others = [alice, thief, address(this)];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(AllowanceRecharge.NotKeeper.selector, others[i], keeper));
            vm.prank(others[i]);
            recharger.recharge(alice, 5e6, MEMO);
        }
        vm.prank(thief);
        recharger.consent(thief, CEILING, PERIOD);
        vm.expectRevert(abi.encodeWithSelector(AllowanceRecharge.NotKeeper.selector, thief, keeper));
        vm.prank(thief);
        recharger.recharge(alice, 5e6, MEMO);
    }

    /// @dev An approval alone lets nobody pull, not even where no keeper is named.
    function test_recharge_needsConsentBesidesTheApproval() public {
        _approve(bob, 50e6);
        vm.expectRevert(abi.encodeWithSelector(AllowanceRecharge.NotKeeper.selector, keeper, address(0)));
        vm.prank(keeper);
        recharger.recharge(bob, 5e6, MEMO);
    }

    function test_recharge_stopsAtTheCeilingUntilThePeriodEnds() public {
        vm.warp(block.timestamp + 5 days); // a period begins with its first recharge
        uint256 start = block.timestamp;
        _recharge(70e6);
        _assertConsent(alice, keeper, CEILING, PERIOD, 30e6, uint40(start + PERIOD));
        _reverts(abi.encodeWithSelector(AllowanceRecharge.CeilingExceeded.selector, uint64(31e6), uint64(30e6)), 31e6);
        _recharge(30e6);
        vm.warp(start + PERIOD - 1);
        _reverts(abi.encodeWithSelector(AllowanceRecharge.CeilingExceeded.selector, uint64(5e6), uint64(0)), 5e6);
        vm.warp(start + PERIOD);
        _assertConsent(alice, keeper, CEILING, PERIOD, CEILING, 0);
        _recharge(CEILING);
        assertEq(_balance(escrow.idOf(alice)), 200e6, "two periods");
    }

    function test_recharge_takesNoMoreThanIsApprovedOrThere() public {
        vm.prank(alice);
        usdc.approve(address(recharger), 9e6);
        _reverts(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(recharger), 9e6, 10e6
            ),
            10e6
        );
        _recharge(9e6);
        _approve(alice, 100e6);
        uint256 has = usdc.balanceOf(alice);
        vm.prank(alice);
        usdc.transfer(bob, has - 6e6);
        _reverts(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, 6e6, 7e6), 7e6);
        _recharge(6e6);
    }

    function test_recharge_hasTheEscrowsMinimum() public {
        _reverts(
            abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, uint64(5e6 - 1), uint64(5e6)), 5e6 - 1
        );
        _reverts(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, uint64(0), uint64(5e6)), 0);
    }

    function test_recharge_ofABlacklistedOwnerTakesNothing() public {
        usdc.blacklist(alice);
        _reverts(abi.encodeWithSelector(TestUSDC.Blacklisted.selector, alice), 10e6);
        usdc.unBlacklist(alice);
        _recharge(10e6);
    }

    function test_recharge_whilePausedTakesNothing() public {
        uint40 until = uint40(block.timestamp + 1 hours);
        vm.prank(guardian);
        escrow.pause(IEscrowTypes.Group.Deposits, until);
        _reverts(abi.encodeWithSelector(IEscrowTypes.Paused.selector, IEscrowTypes.Group.Deposits, until), 10e6);
        vm.warp(until);
        _recharge(10e6);
        usdc.pause();
        _reverts(abi.encodeWithSelector(Pausable.EnforcedPause.selector), 10e6);
    }

    /// @dev The name of a primary account stays when it is given away: its new owner gets nothing from the old one.
    function test_recharge_revertsWhenTheAccountHasChangedHands() public {
        usdc.mint(owner, 50e6);
        _approve(owner, 50e6);
        vm.prank(owner);
        recharger.consent(keeper, CEILING, PERIOD);
        vm.prank(keeper);
        recharger.recharge(owner, 10e6, MEMO);
        _changeOwner();
        vm.expectRevert(
            abi.encodeWithSelector(AllowanceRecharge.AccountChangedHands.selector, buyer, friendOwner)
        );
        vm.prank(keeper);
        recharger.recharge(owner, 10e6, MEMO);
    }

    /// @dev What was sent to the contract by mistake is nobody's, and is not credited to the next one.
    function test_recharge_leavesAloneWhatLiesHere() public {
        usdc.mint(address(recharger), 3e6);
        _recharge(10e6);
        assertEq(usdc.balanceOf(address(recharger)), 3e6, "as it was");
        assertEq(_balance(escrow.idOf(alice)), 10e6, "exactly");
    }

    // =================================================== reentrancy ==================================================

    /// @dev The token is a keeper and calls back, while it is pulled: it gets no more than the ceiling, all of it credit.
    function test_recharge_reenteredIsCountedToo() public {
        ReentrantToken token = _useReentrantToken();
        bytes memory again = abi.encodeCall(recharger.recharge, (alice, 40e6, "again"));
        token.arm(address(recharger), again);
        token.act(address(recharger), abi.encodeCall(recharger.recharge, (alice, 60e6, MEMO)));
        assertTrue(token.reentered(), "within the ceiling");
        assertEq(_balance(escrow.idOf(alice)), 100e6, "both are credited");

        vm.warp(block.timestamp + PERIOD);
        again = abi.encodeCall(recharger.recharge, (alice, 41e6, "again"));
        token.arm(address(recharger), again);
        token.act(address(recharger), abi.encodeCall(recharger.recharge, (alice, 60e6, MEMO)));
        assertTrue(!token.reentered(), "beyond the ceiling");
        assertEq(_balance(escrow.idOf(alice)), 160e6, "one is credited");
        _assertNothingLeft();
    }

    // ====================================================== fuzz =====================================================

    /// @dev Whatever a keeper asks for, whenever: no more than the ceiling in a period, and all of it is credit.
    function testFuzz_recharge_neverExceedsTheCeiling(
        uint64 ceiling,
        uint32 period,
        uint64[16] calldata amounts,
        uint32[16] calldata pauses
    ) public {
        ceiling = uint64(bound(ceiling, 1, 1_000e6));
        period = uint32(bound(period, 1, 400 days));
        usdc.mint(alice, 1e18);
        _approve(alice, 1e18);
        vm.prank(alice);
        recharger.consent(keeper, ceiling, period);
        uint256 before = usdc.balanceOf(alice);
        (uint256 inPeriod, uint256 startedAt, uint256 total) = (0, 0, 0);
        for (uint256 i = 0; i < amounts.length; ++i) {
            vm.warp(block.timestamp + bound(pauses[i], 0, period));
            uint64 amount = uint64(bound(amounts[i], 0, uint256(ceiling) + 10e6));
            if (startedAt == 0 || block.timestamp >= startedAt + period) inPeriod = 0;
            bool allowed = amount >= 5e6 && inPeriod + amount <= ceiling;
            vm.prank(keeper);
            (bool done,) = address(recharger).call(abi.encodeCall(recharger.recharge, (alice, amount, MEMO)));
            assertTrue(done == allowed, "exactly what is allowed");
            if (!done) continue;
            if (inPeriod == 0) startedAt = block.timestamp;
            (inPeriod, total) = (inPeriod + amount, total + amount);
        }
        assertEq(before - usdc.balanceOf(alice), total, "pulled");
        assertEq(total == 0 ? 0 : _balance(escrow.idOf(alice)), total, "credited");
        _assertNothingLeft();
        _assertBacked();
    }

    // ==================================================== internal ===================================================

    function _startOver() private {
        recharger = new AllowanceRecharge(escrow);
        usdc.mint(alice, 1_000e6);
        _approve(alice, 1_000e6);
        vm.prank(alice);
        recharger.consent(keeper, CEILING, PERIOD);
    }

    function _useReentrantToken() private returns (ReentrantToken token) {
        token = new ReentrantToken();
        usdc = TestUSDC(address(token));
        keeper = address(token);
        escrow = _deploy(_setup());
        _startOver();
    }

    /// @dev Gives the buyer's account to the friend.
    function _changeOwner() private {
        IEscrowTypes.Rotation memory rotation =
            IEscrowTypes.Rotation(buyer, friendOwner, uint40(block.timestamp + 60));
        bytes32 operation = _operation(rotation);
        bytes memory signature = _sign(OWNER_KEY, _typed(operation));
        bytes memory clearance = _clear(operation, rotation.deadline);
        vm.prank(friendOwner);
        escrow.rotateOwner(rotation, signature, "", clearance);
    }

    function _approve(address from, uint256 amount) private {
        vm.prank(from);
        usdc.approve(address(recharger), amount);
    }

    function _recharge(uint64 amount) private returns (uint32 account) {
        vm.prank(keeper);
        account = recharger.recharge(alice, amount, MEMO);
    }

    function _reverts(bytes memory reason, uint64 amount) private {
        uint256 before = usdc.balanceOf(alice);
        vm.expectRevert(reason);
        vm.prank(keeper);
        recharger.recharge(alice, amount, MEMO);
        assertEq(usdc.balanceOf(alice), before, "nothing was taken");
    }

    function _assertNothingLeft() private view {
        assertEq(usdc.balanceOf(address(recharger)), 0, "no USDC left");
        assertEq(usdc.allowance(address(recharger), address(escrow)), 0, "no approval left");
    }

    function _assertConsent(
        address of_,
        address keeper_,
        uint64 perPeriod,
        uint32 period,
        uint64 left,
        uint40 endsAt
    ) private view {
        (address k, uint64 most, uint32 long, uint64 rest, uint40 end) = recharger.consentOf(of_);
        assertEq(k, keeper_, "keeper");
        assertEq(most, perPeriod, "ceiling");
        assertEq(long, period, "period");
        assertEq(rest, left, "left");
        assertEq(end, endsAt, "end");
    }
}
