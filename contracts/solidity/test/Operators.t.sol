// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Fixture} from "./Fixture.sol";

/// Who may write for a gateway, until when, and by which signature.
contract OperatorsTest is Fixture {
    uint256 private constant KEY = 0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d;
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    address private signer;

    function setUp() public override {
        super.setUp();
        signer = vm.addr(KEY);
    }

    function test_an_operator_writes_until_its_expiry_and_not_at_it() external {
        uint40 expiry = expiresIn(1 days);
        expectEvent();
        emit OperatorSet(gateway, operator, expiry);
        vm.prank(gateway);
        registry.setOperator(operator, expiry);
        assertEq(registry.operatorExpiry(gateway, operator), expiry, "expiry");
        vm.warp(expiry - 1);
        assertTrue(registry.isAuthorized(gateway, operator), "before");
        writes(operator, true);
        vm.warp(expiry);
        assertTrue(!registry.isAuthorized(gateway, operator), "at");
        writes(operator, false);
    }

    function test_an_operator_writes_everything_of_one_gateway_only() external {
        uint32 tag = root("ai");
        vm.prank(gateway);
        registry.setOperator(operator, expiresIn(1 days));
        vm.prank(operator);
        registry.postAdvert(gateway, tag, expiresIn(1 days), 0, 1, 1, 0, 0, "");
        vm.prank(operator);
        registry.cancelAdvert(gateway, tag);
        vm.prank(operator);
        registry.setNonceScheme(gateway, 1, 101, 0);
        vm.prank(operator);
        registry.commitRound(gateway, 100, 0, 0, 0, 0, "");
        vm.prank(operator);
        registry.attestTickets(gateway, tag, new bytes32[](1));
        vm.expectRevert(abi.encodeWithSelector(NotAuthorized.selector, stranger, operator));
        vm.prank(operator);
        registry.commitRound(stranger, 100, 0, 0, 0, 0, "");
    }

    function test_an_operator_names_no_operator() external {
        vm.prank(gateway);
        registry.setOperator(operator, expiresIn(1 days));
        vm.prank(operator);
        registry.setOperator(stranger, expiresIn(1 days));
        assertTrue(!registry.isAuthorized(gateway, stranger), "for itself only");
    }

    function test_revoked_is_at_once() external {
        vm.prank(gateway);
        registry.setOperator(operator, expiresIn(1 days));
        vm.prank(gateway);
        registry.setOperator(operator, 0);
        writes(operator, false);
    }

    function test_nobody_is_no_operator() external {
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        vm.prank(gateway);
        registry.setOperator(address(0), expiresIn(1 days));
    }

    function test_a_signed_permission_is_sent_by_anybody_once() external {
        uint40 expiry = expiresIn(1 days);
        bytes memory sig = permission(signer, operator, expiry, 0);
        expectEvent();
        emit OperatorSet(signer, operator, expiry);
        vm.prank(stranger);
        registry.setOperatorBySig(signer, operator, expiry, sig);
        assertEq(registry.operatorExpiry(signer, operator), expiry, "expiry");
        assertEq(registry.sigNonce(signer), 1, "nonce");
        refused(signer, operator, expiry, sig);
        // The next one has the next nonce.
        registry.setOperatorBySig(signer, operator, expiry + 1, permission(signer, operator, expiry + 1, 1));
        assertEq(registry.sigNonce(signer), 2, "nonce");
    }

    function test_revoking_voids_permissions_that_were_not_used() external {
        uint40 expiry = expiresIn(1 days);
        bytes memory sig = permission(signer, operator, expiry, 0);
        vm.prank(signer);
        registry.setOperator(operator, 0);
        refused(signer, operator, expiry, sig);
        assertTrue(!registry.isAuthorized(signer, operator), "stays out");
    }

    function test_what_was_not_signed_is_refused() external {
        uint40 expiry = expiresIn(1 days);
        bytes memory sig = permission(signer, operator, expiry, 0);
        refused(gateway, operator, expiry, sig);
        refused(signer, stranger, expiry, sig);
        refused(signer, operator, expiry + 1, sig);
        refused(signer, operator, expiry, permission(signer, operator, expiry, 1));
        refused(address(0), operator, expiry, sig);
        assertEq(registry.sigNonce(signer), 0, "nonce");
    }

    function test_a_signature_has_one_encoding() external {
        uint40 expiry = expiresIn(1 days);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, digest(signer, operator, expiry, 0));
        bytes32 highS = bytes32(ORDER - uint256(s));
        refused(signer, operator, expiry, abi.encodePacked(r, highS, v == 27 ? 28 : 27));
        refused(signer, operator, expiry, abi.encodePacked(r, s, v - 27));
        refused(signer, operator, expiry, abi.encodePacked(r, s));
        refused(signer, operator, expiry, abi.encodePacked(r, s, v, uint8(0)));
        refused(signer, operator, expiry, "");
        refused(address(0), operator, expiry, new bytes(65));
        bytes memory zeroes = abi.encodePacked(bytes32(0), bytes32(0), uint8(27));
        refused(address(0), operator, expiry, zeroes);
    }

    function test_a_permission_is_for_one_chain_and_one_registry() external {
        uint40 expiry = expiresIn(1 days);
        bytes memory sig = permission(signer, operator, expiry, 0);
        vm.chainId(block.chainid + 1);
        refused(signer, operator, expiry, sig);
    }

    function test_the_domain_is_that_of_the_standard() external view {
        bytes32 domain = keccak256(
            abi.encode(
                0x8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f,
                keccak256("JobTagRegistry"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        assertEq(registry.domainSeparator(), domain, "domain");
    }

    function test_a_nobody_cannot_be_named_by_signature() external {
        bytes memory sig = permission(signer, address(0), 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        registry.setOperatorBySig(signer, address(0), 1, sig);
    }

    function testFuzz_any_key_signs_for_itself_only(uint256 key, address op, uint40 expiry, address other) external {
        key = bound(key, 1, ORDER - 1);
        address own = vm.addr(key);
        if (op == address(0)) op = operator;
        if (other == own) other = stranger;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest(own, op, expiry, 0));
        refused(other, op, expiry, abi.encodePacked(r, s, v));
        registry.setOperatorBySig(own, op, expiry, abi.encodePacked(r, s, v));
        assertEq(registry.operatorExpiry(own, op), expiry, "expiry");
    }

    function permission(address gw, address op, uint40 expiry, uint256 nonce) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, digest(gw, op, expiry, nonce));
        return abi.encodePacked(r, s, v);
    }

    function digest(address gw, address op, uint40 expiry, uint256 nonce) private view returns (bytes32) {
        bytes32 kind = keccak256("SetOperator(address gateway,address operator,uint40 expiry,uint256 nonce)");
        bytes32 data = keccak256(abi.encode(kind, gw, op, expiry, nonce));
        return keccak256(abi.encodePacked("\x19\x01", registry.domainSeparator(), data));
    }

    function refused(address gw, address op, uint40 expiry, bytes memory sig) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidSignature.selector));
        registry.setOperatorBySig(gw, op, expiry, sig);
    }

    function writes(address caller, bool allowed) private {
        if (!allowed) vm.expectRevert(abi.encodeWithSelector(NotAuthorized.selector, gateway, caller));
        vm.prank(caller);
        registry.commitRound(gateway, 100, 0, 0, 0, 0, "");
    }
}
