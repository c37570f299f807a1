//! The bindings against the tables of payments-contracts 4.1 to 4.3.

use alloy_primitives::hex;
use alloy_sol_types::{SolCall, SolEvent};

use crate::controller::Manager;
use crate::minter::LivepeerToken;
use crate::*;

#[test]
fn every_call_has_the_selector_of_the_table() {
    macro_rules! check {
        ($(($call:ty, $selector:literal, $signature:literal),)*) => {$(
            assert_eq!(<$call>::SIGNATURE, $signature);
            assert_eq!(hex::encode(<$call>::SELECTOR), $selector, "{}", $signature);
        )*};
    }
    check!(
        (Controller::getContractCall, "e16c7d98", "getContract(bytes32)"),
        (Controller::getContractInfoCall, "613e2de2", "getContractInfo(bytes32)"),
        (Controller::pausedCall, "5c975abb", "paused()"),
        (Controller::ownerCall, "8da5cb5b", "owner()"),
        (Controller::setContractInfoCall, "d737c2b0", "setContractInfo(bytes32,address,bytes20)"),
        (Controller::unpauseCall, "3f4ba83a", "unpause()"),
        (Manager::controllerCall, "f77c4791", "controller()"),
        (Manager::targetContractIdCall, "51720b41", "targetContractId()"),
        (RoundsManager::currentRoundCall, "8a19c8bc", "currentRound()"),
        (RoundsManager::lastInitializedRoundCall, "8807f36e", "lastInitializedRound()"),
        (RoundsManager::blockHashForRoundCall, "3aa4add4", "blockHashForRound(uint256)"),
        (RoundsManager::currentRoundInitializedCall, "219bc76c", "currentRoundInitialized()"),
        (RoundsManager::currentRoundLockedCall, "6841f253", "currentRoundLocked()"),
        (RoundsManager::currentRoundStartBlockCall, "8fa148f2", "currentRoundStartBlock()"),
        (RoundsManager::roundLengthCall, "8b649b94", "roundLength()"),
        (RoundsManager::roundLockAmountCall, "f5b490d5", "roundLockAmount()"),
        (RoundsManager::blockNumCall, "8ae63d6d", "blockNum()"),
        (RoundsManager::blockHashCall, "85df51fd", "blockHash(uint256)"),
        (RoundsManager::initializeRoundCall, "d4807fb2", "initializeRound()"),
        (RoundsManager::lastRoundLengthUpdateRoundCall, "0fe1dfa8", "lastRoundLengthUpdateRound()"),
        (
            RoundsManager::lastRoundLengthUpdateStartBlockCall,
            "668abff7",
            "lastRoundLengthUpdateStartBlock()"
        ),
        (TicketBroker::fundDepositCall, "6caa736b", "fundDeposit()"),
        (TicketBroker::fundReserveCall, "6f9c3c8f", "fundReserve()"),
        (
            TicketBroker::fundDepositAndReserveCall,
            "511f4073",
            "fundDepositAndReserve(uint256,uint256)"
        ),
        (
            TicketBroker::fundDepositAndReserveForCall,
            "989f789c",
            "fundDepositAndReserveFor(address,uint256,uint256)"
        ),
        (TicketBroker::unlockCall, "a69df4b5", "unlock()"),
        (TicketBroker::cancelUnlockCall, "c2c4c2c8", "cancelUnlock()"),
        (TicketBroker::withdrawCall, "3ccfd60b", "withdraw()"),
        (
            TicketBroker::redeemWinningTicketCall,
            "ec8b3cb6",
            "redeemWinningTicket((address,address,uint256,uint256,uint256,bytes32,bytes),bytes,uint256)"
        ),
        (
            TicketBroker::batchRedeemWinningTicketsCall,
            "d01b808e",
            "batchRedeemWinningTickets((address,address,uint256,uint256,uint256,bytes32,bytes)[],bytes[],uint256[])"
        ),
        (
            TicketBroker::getTicketHashCall,
            "b03fa864",
            "getTicketHash((address,address,uint256,uint256,uint256,bytes32,bytes))"
        ),
        (TicketBroker::getSenderInfoCall, "e1a589da", "getSenderInfo(address)"),
        (TicketBroker::isUnlockInProgressCall, "121cdcc2", "isUnlockInProgress(address)"),
        (TicketBroker::usedTicketsCall, "59a515ba", "usedTickets(bytes32)"),
        (TicketBroker::unlockPeriodCall, "20d3a0b4", "unlockPeriod()"),
        (TicketBroker::ticketValidityPeriodCall, "856a2cf8", "ticketValidityPeriod()"),
        (TicketBroker::getReserveInfoCall, "5b6333eb", "getReserveInfo(address)"),
        (TicketBroker::claimableReserveCall, "81779f38", "claimableReserve(address,address)"),
        (TicketBroker::claimedReserveCall, "4ac826da", "claimedReserve(address,address)"),
        (BondingManager::getFirstTranscoderInPoolCall, "88a6c749", "getFirstTranscoderInPool()"),
        (
            BondingManager::getNextTranscoderInPoolCall,
            "235c9603",
            "getNextTranscoderInPool(address)"
        ),
        (BondingManager::getTranscoderPoolSizeCall, "2a4e0d55", "getTranscoderPoolSize()"),
        (BondingManager::getTranscoderPoolMaxSizeCall, "5a2a75a9", "getTranscoderPoolMaxSize()"),
        (BondingManager::getTranscoderCall, "5dce9948", "getTranscoder(address)"),
        (BondingManager::getDelegatorCall, "a64ad595", "getDelegator(address)"),
        (BondingManager::transcoderTotalStakeCall, "9ef9df94", "transcoderTotalStake(address)"),
        (BondingManager::transcoderStatusCall, "8b2f1652", "transcoderStatus(address)"),
        (BondingManager::isActiveTranscoderCall, "08802374", "isActiveTranscoder(address)"),
        (BondingManager::isRegisteredTranscoderCall, "68ba170c", "isRegisteredTranscoder(address)"),
        (
            BondingManager::getTranscoderEarningsPoolForRoundCall,
            "24454fc4",
            "getTranscoderEarningsPoolForRound(address,uint256)"
        ),
        (BondingManager::getTotalBondedCall, "5c50c356", "getTotalBonded()"),
        (
            BondingManager::currentRoundTotalActiveStakeCall,
            "4196ee75",
            "currentRoundTotalActiveStake()"
        ),
        (BondingManager::pendingFeesCall, "f595f1cc", "pendingFees(address,uint256)"),
        (BondingManager::pendingStakeCall, "9d0b2c7a", "pendingStake(address,uint256)"),
        (BondingManager::bondCall, "b78d27dc", "bond(uint256,address)"),
        (BondingManager::transcoderCall, "43d3461a", "transcoder(uint256,uint256)"),
        (BondingManager::withdrawFeesCall, "ad3b1b47", "withdrawFees(address,uint256)"),
        (ServiceRegistry::getServiceURICall, "214c2a4b", "getServiceURI(address)"),
        (ServiceRegistry::setServiceURICall, "5f11301b", "setServiceURI(string)"),
        (Minter::getGlobalTotalSupplyCall, "5507442d", "getGlobalTotalSupply()"),
        (Minter::inflationCall, "be0522e0", "inflation()"),
        (Minter::depositETHCall, "f6326fb3", "depositETH()"),
        (LivepeerToken::balanceOfCall, "70a08231", "balanceOf(address)"),
        (LivepeerToken::totalSupplyCall, "18160ddd", "totalSupply()"),
        (PriceFeed::decimalsCall, "313ce567", "decimals()"),
        (PriceFeed::descriptionCall, "7284e416", "description()"),
        (PriceFeed::latestRoundDataCall, "feaf968c", "latestRoundData()"),
        (ArbGasInfo::getPricesInWeiCall, "41b247a8", "getPricesInWei()"),
        (ArbGasInfo::getMinimumGasPriceCall, "f918379a", "getMinimumGasPrice()"),
        (ArbGasInfo::getL1BaseFeeEstimateCall, "f5d6ded7", "getL1BaseFeeEstimate()"),
        (
            NodeInterface::gasEstimateL1ComponentCall,
            "77d488a2",
            "gasEstimateL1Component(address,bool,bytes)"
        ),
        (
            NodeInterface::gasEstimateComponentsCall,
            "c94e6eeb",
            "gasEstimateComponents(address,bool,bytes)"
        ),
        (NodeInterface::l2BlockRangeForL1Call, "48e7f811", "l2BlockRangeForL1(uint64)"),
        (ArbSys::arbBlockNumberCall, "a3b1b31d", "arbBlockNumber()"),
        (Multicall3::aggregate3Call, "82ad56cb", "aggregate3((address,bool,bytes)[])"),
        (Multicall3::getEthBalanceCall, "4d2301cc", "getEthBalance(address)"),
        (Multicall3::getBlockNumberCall, "42cbb15c", "getBlockNumber()"),
        (Multicall3::getCurrentBlockTimestampCall, "0f28c97d", "getCurrentBlockTimestamp()"),
    );
}

#[test]
fn every_event_has_the_topics_of_the_table() {
    macro_rules! check {
        ($(($event:ty, $topics:literal, $topic0:literal, $signature:literal),)*) => {$(
            assert_eq!(<$event>::SIGNATURE, $signature);
            assert_eq!(hex::encode(<$event>::SIGNATURE_HASH), $topic0, "{}", $signature);
            assert_eq!(topics::<$event>(), $topics, "{}", $signature);
        )*};
    }
    check!(
        (
            TicketBroker::WinningTicketRedeemed,
            3,
            "c389eb51ed006dbf2528507f010efdf5225ea596e1e1741d74f550dab1925ee7",
            "WinningTicketRedeemed(address,address,uint256,uint256,uint256,uint256,bytes)"
        ),
        (
            TicketBroker::WinningTicketTransfer,
            3,
            "8b87351a208c06e3ceee59d80725fd77a23b4129e1b51ca231fc89b40712649c",
            "WinningTicketTransfer(address,address,uint256)"
        ),
        (
            TicketBroker::ReserveClaimed,
            2,
            "5c2b394723f408a40a60335e24b71829642e35f350cebe2036a96a66e895ea98",
            "ReserveClaimed(address,address,uint256)"
        ),
        (
            TicketBroker::DepositFunded,
            2,
            "5159e237d952190e68d5215430f305831be7c9c8776d1377c76679ae4773413f",
            "DepositFunded(address,uint256)"
        ),
        (
            TicketBroker::ReserveFunded,
            2,
            "b52b99b9e83551fcbd069b559cc3e823e2a1a3bad8ece46561ea77524394c850",
            "ReserveFunded(address,uint256)"
        ),
        (
            TicketBroker::Unlock,
            2,
            "f7870c5b224cbc19873599e46ccfc7103934650509b1af0c3ce90138377c2004",
            "Unlock(address,uint256,uint256)"
        ),
        (
            TicketBroker::UnlockCancelled,
            2,
            "fa044b7b93a40365dc68049797c2eb06918523d694e5d56e406cac3eb35578e5",
            "UnlockCancelled(address)"
        ),
        (
            TicketBroker::Withdrawal,
            2,
            "df273cb619d95419a9cd0ec88123a0538c85064229baa6363788f743fff90deb",
            "Withdrawal(address,uint256,uint256)"
        ),
        (
            RoundsManager::NewRound,
            2,
            "22f2fc17c5daf07db2379b3a03a8ef20a183f761097a58fce219c8a14619e786",
            "NewRound(uint256,bytes32)"
        ),
        (
            Manager::ParameterUpdate,
            1,
            "9f5033568d78ae30f29f01e944f97b2216493bd19d1b46d429673acff3dcd674",
            "ParameterUpdate(string)"
        ),
        (
            BondingManager::TranscoderActivated,
            2,
            "65d72d782835d64c3287844a829608d5abdc7e864cc9affe96d910ab3db665e9",
            "TranscoderActivated(address,uint256)"
        ),
        (
            BondingManager::TranscoderDeactivated,
            2,
            "fee3e693fc72d0a0a673805f3e606c551f4c677b9072444b90dd2d0406bc995c",
            "TranscoderDeactivated(address,uint256)"
        ),
        (
            BondingManager::TranscoderUpdate,
            2,
            "7346854431dbb3eb8e373c604abf89e90f4865b8447e1e2834d7b3e4677bf544",
            "TranscoderUpdate(address,uint256,uint256)"
        ),
        (
            BondingManager::Reward,
            2,
            "619caafabdd75649b302ba8419e48cccf64f37f1983ac4727cfb38b57703ffc9",
            "Reward(address,uint256)"
        ),
        (
            BondingManager::Bond,
            4,
            "e5917769f276ddca9f2ee7c6b0b33e1d1e1b61008010ce622c632dd20d168a23",
            "Bond(address,address,address,uint256,uint256)"
        ),
        (
            BondingManager::Unbond,
            3,
            "2d5d98d189bee5496a08db2a5948cb7e5e786f09d17d0c3f228eb41776c24a06",
            "Unbond(address,address,uint256,uint256,uint256)"
        ),
        (
            BondingManager::Rebond,
            3,
            "9f5b64cc71e1e26ff178caaa7877a04d8ce66fde989251870e80e6fbee690c17",
            "Rebond(address,address,uint256,uint256)"
        ),
        (
            BondingManager::WithdrawFees,
            2,
            "4f1b51dd7a2fcb861aa2670f668be66835c4ee12b4bbbf037e4d0018f39819e4",
            "WithdrawFees(address,address,uint256)"
        ),
        (
            BondingManager::EarningsClaimed,
            3,
            "d7eab0765b772ea6ea859d5633baf737502198012e930f257f90013d9b211094",
            "EarningsClaimed(address,address,uint256,uint256,uint256,uint256)"
        ),
        (
            ServiceRegistry::ServiceURIUpdate,
            2,
            "fbb63068732c85741c9f8e61caffaabe038d577bfafd2d2dcc0e352a4f653a4c",
            "ServiceURIUpdate(address,string)"
        ),
        (
            Controller::SetContractInfo,
            1,
            "f9a6cf519167d81bc5cb3d26c60c0c9a19704aa908c148e82a861b570f4cd2d7",
            "SetContractInfo(bytes32,address,bytes20)"
        ),
        (
            PriceFeed::AnswerUpdated,
            3,
            "0559884fd3a460db3073b7fc896cc77986f16e378210ded43186175bf646fc5f",
            "AnswerUpdated(int256,uint256,uint256)"
        ),
    );
}

/// How many topics a log of the event has.
fn topics<E: SolEvent>() -> usize {
    <E::TopicList as alloy_sol_types::TopicList>::COUNT
}

#[test]
fn ids_are_the_hashes_of_the_names() {
    let table = [
        (
            ContractName::TicketBroker,
            "bd1aa3e8d2464256d7fd3dcf645c16418d5d8c51d971f1ad7d57e7b1b5eee239",
        ),
        (
            ContractName::TicketBrokerTarget,
            "f16f832ef171c8058cbd4a32de7d27c32a1a1ad90bb091b4b7f376f1d95ee254",
        ),
        (
            ContractName::JobsManager,
            "3d7456535a3155a46f15a2313c3915bd07137ffdc56464f4fc9a82bae7215c2d",
        ),
        (
            ContractName::BondingManager,
            "2517d59a36a86548e38734e8ab416f42afff4bca78706a66ad65750dae7f9e37",
        ),
        (
            ContractName::BondingManagerTarget,
            "fc6f6f33d2bb065ac61cbdd4dbe4b7adf6f3e7e6c6a3d1fe297cbf9a187092e4",
        ),
        (
            ContractName::BondingVotes,
            "2a1b465fbcae519904f0fb11f93e73dfbeb47ec54530ec444279610af8cf06b2",
        ),
        (
            ContractName::RoundsManager,
            "e8438ea868df48e3fc21f2f087b993c9b1837dc0f6135064161ce7d7a1701fe8",
        ),
        (
            ContractName::ServiceRegistry,
            "79c5d2a4a07754f4bacb0ffba18ac516030ee589ebc89db8627680c4d4cdb230",
        ),
        (ContractName::Minter, "6e58ad548d72b425ea94c15f453bf26caddb061d82b2551db7fdd3cefe0e9940"),
        (
            ContractName::LivepeerToken,
            "3443e257065fe41dd0e4d1f5a1b73a22a62e300962b57f30cddf41d0f8273ba7",
        ),
        (
            ContractName::L2LPTDataCache,
            "8ecfba413a4e4715a264d70a55d3a35bf60b2954c56759310202f39281623200",
        ),
        (
            ContractName::L2Migrator,
            "74b6d21e0d4650f622c903126d418c1a52bcc99ea7acb0db0809fc0eeae6c7c3",
        ),
        (
            ContractName::Treasury,
            "6efca2866b731ee4984990bacad4cde10f1ef764fb54a5206bdfd291695b1a9b",
        ),
        (
            ContractName::LivepeerGovernor,
            "aea11c65571dd8b6188d3a5cf5e5d3d4695845e6f217cad0b453b4e276c6cdcd",
        ),
        (
            ContractName::LivepeerTokenFaucet,
            "5f8d58050c9f37ce30acebdd762a0683b7f2bb88ded15cdd64e219c282603664",
        ),
    ];
    assert_eq!(table.len(), ContractName::ALL.len());
    for (name, id) in table {
        assert_eq!(hex::encode(name.id()), id, "{name}");
        assert_eq!(ContractName::from_id(&name.id()), Some(name));
    }
    assert_eq!(ContractName::from_id(&alloy_primitives::B256::ZERO), None);
}
