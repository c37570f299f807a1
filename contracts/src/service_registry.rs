//! The ServiceRegistry: where orchestrators are reached.
//!
//! The registry for AI jobs has the same interface and an address of its own, see
//! [`Network::ai_service_registry`](crate::Network::ai_service_registry).

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives)]

    /// Service URIs.
    interface ServiceRegistry {
        /// An orchestrator moved.
        event ServiceURIUpdate(address indexed addr, string serviceURI);

        /// An orchestrator's URI; empty if it has none.
        function getServiceURI(address addr) external view returns (string memory serviceURI);
        /// Sets the caller's.
        function setServiceURI(string memory serviceURI) external;
    }
}
