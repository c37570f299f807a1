// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Fixture} from "./Fixture.sol";

/// What gateways buy: who posts, what is refused, when an advert holds.
contract AdvertsTest is Fixture {
    uint32 private tag;

    function setUp() public override {
        super.setUp();
        tag = root("ai");
    }

    function test_an_advert_is_kept_and_logged() external {
        bytes32 floors = floorsOf(1, 9_500, 9_900, 0);
        expectEvent();
        emit AdvertPosted(gateway, tag, 1, expiresIn(1 days), 2, 7, 11, floors, keccak256("doc"), "ipfs://doc");
        vm.prank(gateway);
        registry.postAdvert(gateway, tag, expiresIn(1 days), 2, 7, 11, floors, keccak256("doc"), "ipfs://doc");
        (Advert memory advert, bool active) = registry.advertOf(gateway, tag);
        assertTrue(active, "active");
        assertEq(advert.expiry, expiresIn(1 days), "expiry");
        assertEq(advert.revision, 1, "revision");
        assertEq(advert.unit, 2, "unit");
        assertEq(advert.priceNum, 7, "numerator");
        assertEq(advert.priceDen, 11, "denominator");
        assertEq(advert.floors, floors, "floors");
        assertEq(advert.contentHash, keccak256("doc"), "hash");
    }

    function test_it_holds_until_its_expiry_and_not_at_it() external {
        uint40 expiry = expiresIn(1 hours);
        post(expiry);
        vm.warp(expiry - 1);
        assertTrue(isActive(), "before");
        vm.warp(expiry);
        assertTrue(!isActive(), "at");
    }

    function test_it_is_for_the_future_and_at_most_thirty_days() external {
        uint40 now_ = uint40(block.timestamp);
        uint40[4] memory wrong = [0, now_, now_ + 30 days + 1, type(uint40).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(InvalidExpiry.selector, wrong[i], now_ + 1, uint256(now_) + 30 days)
            );
            post(wrong[i]);
        }
        post(now_ + 1);
        post(now_ + 30 days);
    }

    function test_a_deprecated_tag_ends_it() external {
        post(expiresIn(1 days));
        vm.prank(curator);
        registry.setTagStatus(tag, DEPRECATED, 0);
        assertTrue(!isActive(), "deprecated");
        vm.expectRevert(abi.encodeWithSelector(TagNotActive.selector, tag));
        post(expiresIn(1 days));
        vm.prank(curator);
        registry.setTagStatus(tag, ACTIVE, 0);
        assertTrue(isActive(), "again");
    }

    function test_the_tag_must_exist() external {
        vm.expectRevert(abi.encodeWithSelector(UnknownTag.selector, 9));
        vm.prank(gateway);
        registry.postAdvert(gateway, 9, expiresIn(1 days), 0, 1, 1, 0, 0, "");
    }

    function test_units_without_a_meaning_are_refused() external {
        for (uint256 unit = 0; unit < 256; ++unit) {
            if (unit > 6) vm.expectRevert(abi.encodeWithSelector(UnknownUnit.selector, unit));
            vm.prank(gateway);
            registry.postAdvert(gateway, tag, expiresIn(1 days), uint8(unit), 1, 1, 0, 0, "");
        }
    }

    function test_a_price_has_a_denominator() external {
        vm.expectRevert(abi.encodeWithSelector(ZeroDenominator.selector));
        vm.prank(gateway);
        registry.postAdvert(gateway, tag, expiresIn(1 days), 0, 1, 0, 0, 0, "");
    }

    function test_floors_are_what_their_version_says() external {
        // None, the plainest, the highest shares, and a version that is not known yet.
        acceptsFloors(0, true);
        acceptsFloors(bytes32(uint256(1) << 248), true);
        acceptsFloors(floorsOf(1, 10_000, 10_000, 0), true);
        acceptsFloors(floorsOf(2, 65_535, 65_535, 12_345), true);
        // Fields without a version, reserved bytes, more than the whole.
        acceptsFloors(bytes32(uint256(1) << 88), false);
        acceptsFloors(floorsOf(1, 0, 0, 1), false);
        acceptsFloors(floorsOf(1, 0, 0, type(uint88).max), false);
        acceptsFloors(floorsOf(1, 10_001, 0, 0), false);
        acceptsFloors(floorsOf(1, 0, 10_001, 0), false);
    }

    function test_cancelled_is_not_active_and_the_next_is_newer() external {
        vm.expectRevert(abi.encodeWithSelector(NoAdvert.selector, gateway, tag));
        vm.prank(gateway);
        registry.cancelAdvert(gateway, tag);
        post(expiresIn(1 days));
        expectEvent();
        emit AdvertCancelled(gateway, tag, 1);
        vm.prank(gateway);
        registry.cancelAdvert(gateway, tag);
        assertTrue(!isActive(), "cancelled");
        vm.expectRevert(abi.encodeWithSelector(NoAdvert.selector, gateway, tag));
        vm.prank(gateway);
        registry.cancelAdvert(gateway, tag);
        post(expiresIn(1 days));
        (Advert memory advert,) = registry.advertOf(gateway, tag);
        assertEq(advert.revision, 2, "revision");
    }

    function test_nobody_posts_or_cancels_for_another() external {
        post(expiresIn(1 days));
        bytes memory refusal = abi.encodeWithSelector(NotAuthorized.selector, gateway, stranger);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        registry.postAdvert(gateway, tag, expiresIn(1 days), 0, 1, 1, 0, 0, "");
        vm.expectRevert(refusal);
        vm.prank(stranger);
        registry.cancelAdvert(gateway, tag);
    }

    function testFuzz_prices_up_to_the_types_end(uint96 num, uint64 den, bool largest) external {
        if (largest) (num, den) = (type(uint96).max, type(uint64).max);
        if (den == 0) den = 1;
        vm.prank(gateway);
        registry.postAdvert(gateway, tag, expiresIn(30 days), 6, num, den, 0, bytes32(uint256(num)), "");
        (Advert memory advert, bool active) = registry.advertOf(gateway, tag);
        assertTrue(active, "active");
        assertEq(advert.priceNum, num, "numerator");
        assertEq(advert.priceDen, den, "denominator");
        assertEq(advert.unit, 6, "unit");
        assertEq(advert.revision, 1, "revision");
    }

    function acceptsFloors(bytes32 floors, bool valid) private {
        if (!valid) vm.expectRevert(abi.encodeWithSelector(InvalidFloors.selector, floors));
        vm.prank(gateway);
        registry.postAdvert(gateway, tag, expiresIn(1 days), 0, 1, 1, floors, 0, "");
    }

    /// Version, success, uptime and the reserved bytes; the other fields all ones.
    function floorsOf(uint8 version, uint16 success, uint16 uptime, uint88 reserved) private pure returns (bytes32) {
        return bytes32(
            abi.encodePacked(
                version,
                type(uint24).max, // p95 latency, ms
                type(uint16).max, // frames/s times 100
                success,
                type(uint16).max, // real-time ratio
                type(uint16).max, // GPU memory, GiB
                uptime,
                type(uint24).max, // duration, s
                type(uint32).max, // units a day, thousands
                reserved
            )
        );
    }

    function post(uint40 expiry) private {
        vm.prank(gateway);
        registry.postAdvert(gateway, tag, expiry, 0, 1, 1, 0, 0, "");
    }

    function isActive() private view returns (bool active) {
        (, active) = registry.advertOf(gateway, tag);
    }
}
