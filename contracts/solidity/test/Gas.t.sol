// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Fixture} from "./Fixture.sol";

/// A contract behind its proxy as on the live network: Livepeer's ManagerProxy asks the Controller for its target
/// in every call, and the answer takes some slots to read.
contract Proxied {
    address private controller;
    bytes32 private targetContractId;

    constructor(address controller_, bytes32 id) {
        (controller, targetContractId) = (controller_, id);
    }

    fallback() external {
        (, bytes memory target) = controller.staticcall(abi.encodeWithSignature("getContract(bytes32)", targetContractId));
        (bool done, bytes memory answer) = abi.decode(target, (address)).delegatecall(msg.data);
        require(done, "target");
        assembly {
            return(add(answer, 32), mload(answer))
        }
    }
}

/// Round 100 by the arithmetic of a RoundsManager; any ticket was redeemed.
contract Target {
    uint256[3] private proxys;
    uint256 private roundLength;
    uint256 private lastUpdateRound;
    uint256 private lastUpdateBlock;
    mapping(bytes32 => bool) private used;

    function currentRound() external view returns (uint256) {
        uint256 length = roundLength == 0 ? type(uint256).max : roundLength;
        return 100 + lastUpdateRound + (block.number - lastUpdateBlock) / length;
    }

    function usedTickets(bytes32 hash) external view returns (bool) {
        return !used[hash];
    }
}

/// What each call costs as a transaction of its own, intrinsic gas included, against the bounds of
/// payments-contracts 6.7; `snapshots/` has the figures, and a change of one fails the run.
///
/// forge-config: default.isolate = true
contract GasTest is Fixture {
    /// A content identifier and a path, as gateways publish them.
    string private constant URI = "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";

    bytes32 private immutable root_ = keccak256("root");
    uint32 private tag;

    function setUp() public override {
        super.setUp();
        tag = root("transcode");
        address target = address(new Target());
        behindProxy("RoundsManager", target);
        behindProxy("TicketBroker", target);
    }

    function behindProxy(string memory name, address target) private {
        bytes32 targetId = keccak256(bytes(string.concat(name, "Target")));
        controller.setContractInfo(targetId, target, 0);
        controller.setContractInfo(keccak256(bytes(name)), address(new Proxied(address(controller), targetId)), 0);
    }

    function test_gas_of_tags() external {
        vm.prank(curator);
        uint32 live = registry.registerTag(tag, "live", 0, keccak256("schema"), URI);
        measured("registerTag", 140_000);
        vm.prank(curator);
        registry.setTagStatus(live, DEPRECATED, tag);
        measured("setTagStatus", 40_000);
        vm.prank(curator);
        registry.transferTag(live, stranger);
        measured("transferTag", 40_000);
        vm.prank(stranger);
        registry.updateSchema(live, keccak256("schema"), URI);
        measured("updateSchema", 40_000);
    }

    function test_gas_of_adverts() external {
        post();
        measured("postAdvert, first", 110_000);
        post();
        measured("postAdvert, again", 55_000);
        vm.prank(gateway);
        registry.cancelAdvert(gateway, tag);
        measured("cancelAdvert", 35_000);
    }

    function test_gas_of_schemes() external {
        vm.prank(gateway);
        registry.setNonceScheme(gateway, 1, 101, 0);
        measured("setNonceScheme, first", 100_000);
        vm.prank(gateway);
        registry.setNonceScheme(gateway, 0, 102, 0);
        measured("setNonceScheme, later", 85_000);
    }

    function test_gas_of_a_commitment() external {
        commit(root_);
        measured("commitRound, first", 105_000);
        commit(keccak256("amended"));
        measured("commitRound, amended", 70_000);
        vm.prank(gateway);
        registry.setOperator(operator, expiresIn(1 days));
        measured("setOperator", 50_000);
        vm.prank(operator);
        registry.commitRound(gateway, 99, root_, keccak256("data"), 1_000_000, 10 ether, URI);
        measured("commitRound, by an operator", 110_000);
    }

    function test_gas_of_attestations() external {
        measuredAttestation(1, "attestTickets, 1");
        measuredAttestation(50, "attestTickets, 50");
        assertTrue(measuredAttestation(200, "attestTickets, 200") <= 200 * 1_000, "200 tickets");
    }

    function test_gas_of_proofs() external {
        measuredProof(2, 65_000);
        measuredProof(10, 70_000);
        measuredProof(20, 75_000);
    }

    function test_gas_of_manifest_and_data_key() external {
        vm.prank(gateway);
        registry.setManifest(URI, keccak256("manifest"));
        measured("setManifest", 30_000);
        vm.prank(gateway);
        registry.setDataKey(stranger);
        measured("setDataKey", 26_000);
    }

    function post() private {
        vm.prank(gateway);
        registry.postAdvert(gateway, tag, expiresIn(1 days), 0, 1_200, 1, bytes32(uint256(1) << 248), root_, URI);
    }

    function commit(bytes32 root) private {
        vm.prank(gateway);
        registry.commitRound(gateway, 100, root, keccak256("data"), 1_000_000, 10 ether, URI);
    }

    function measuredAttestation(uint256 n, string memory name) private returns (uint256) {
        bytes32[] memory hashes = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) hashes[i] = keccak256(abi.encode(i));
        vm.prank(gateway);
        registry.attestTickets(gateway, tag, hashes);
        return measured(name, 30_000 + n * 1_000);
    }

    /// A path of random siblings: the root that they lead to is committed.
    function measuredProof(uint256 depth, uint256 most) private {
        Leaf memory line = leaf(1, 7);
        bytes32[] memory proof = new bytes32[](depth);
        bytes32 node = registry.leafHash(gateway, 100, line);
        for (uint256 i = 0; i < depth; ++i) {
            proof[i] = keccak256(abi.encode(depth, i));
            node = node < proof[i] ? keccak256(abi.encode(node, proof[i])) : keccak256(abi.encode(proof[i], node));
        }
        commit(node);
        Ticket memory paid = redeemed(gateway, 1, encoded(7, 1), 100);
        registry.proveTicketTag(paid, line, proof);
        measured(string.concat("proveTicketTag, depth ", depth == 2 ? "2" : depth == 10 ? "10" : "20"), most);
    }

    /// Gas of the last call, at most so much; kept in the snapshot.
    function measured(string memory name, uint256 most) private returns (uint256 used) {
        used = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("JobTagRegistry", name, used);
        if (used > most) revert NotEqual(name, used, most);
    }
}
