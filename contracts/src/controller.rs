//! The Controller: which address a contract has at the moment, and whether the system is paused.

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives)]

    /// The registry of contracts.
    interface Controller {
        /// A contract was replaced.
        event SetContractInfo(bytes32 id, address contractAddress, bytes20 gitCommitHash);

        /// Address of a contract; zero if there is none.
        function getContract(bytes32 id) external view returns (address contractAddress);
        /// Address and commit of a contract.
        function getContractInfo(bytes32 id) external view returns (address contractAddress, bytes20 gitCommitHash);
        /// Replaces a contract; the owner only.
        function setContractInfo(bytes32 id, address contractAddress, bytes20 gitCommitHash) external;
        /// Whether funding and redemption are stopped.
        function paused() external view returns (bool);
        /// Ends a pause; the owner only.
        function unpause() external;
        /// Who may replace contracts.
        function owner() external view returns (address);
    }

    /// What every contract behind the Controller answers.
    interface Manager {
        /// A parameter was changed; its name tells which.
        event ParameterUpdate(string param);

        /// The Controller that it belongs to.
        function controller() external view returns (address);
        /// The id of the code behind a proxy.
        function targetContractId() external view returns (bytes32);
    }
}
