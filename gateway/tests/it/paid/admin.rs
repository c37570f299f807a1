//! What operators see and change over the admin listener: stock paths, stock texts, real contracts'
//! rules.

use alloy_primitives::U256;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use waymark_testkit::chain::Options;

use super::harness::{Market, SENDER, TAG, base, finney, heard, on_record, push_tagged};
use crate::harness::Gateway;

const ETHER: &str = "1000000000000000000";

async fn post(gateway: &Gateway, path: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = gateway.admin_request(Method::POST, path).body(body);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let response = request.send().await.expect("an answer");
    (response.status(), response.text().await.expect("a text"))
}

async fn got(gateway: &Gateway, path: &str) -> String {
    let (status, text) = gateway.admin(path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    text
}

fn refused((got, text): (StatusCode, String), status: u16, says: &str) {
    assert_eq!(got.as_u16(), status, "{text}");
    assert!(text.contains(says), "{text} does not say {says:?}");
}

#[tokio::test]
async fn a_gateway_is_funded_unlocked_and_emptied_with_stock_calls() {
    let market = Market::unfunded(1, Options::default(), base).await;
    let gateway = market.gateway(|_| ()).await;
    let (status, text) = gateway.admin("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("no deposit") && text.contains("no reserve"), "{text}");
    let nothing = r#"{"Deposit":0,"WithdrawRound":0,"Reserve":{"FundsRemaining":0,"ClaimedInCurrentRound":0}}"#;
    assert_eq!(got(&gateway, "/senderInfo").await, nothing);

    let amounts = [("depositAmount", ETHER), ("reserveAmount", ETHER)];
    let dry = post(&gateway, "/fundDepositAndReserve?dryRun=true", &amounts).await;
    let plan: Value = serde_json::from_str(&dry.1).expect("a plan");
    assert_eq!(
        (plan["after"]["deposit"].as_str(), plan["obstacles"].as_array().map(Vec::len)),
        (Some(ETHER), Some(0)),
        "{plan}"
    );
    assert_eq!(plan["before"]["deposit"], "0");
    assert_eq!(got(&gateway, "/senderInfo").await, nothing, "a dry run changes nothing");

    let funded = post(&gateway, "/fundDepositAndReserve", &amounts).await;
    assert_eq!(funded, (StatusCode::OK, "fundDepositAndReserve success".to_owned()));
    let more = post(&gateway, "/fundDeposit?amount=5", &[]).await;
    assert_eq!(more, (StatusCode::OK, "fundDeposit success".to_owned()));
    let info = got(&gateway, "/senderInfo").await;
    assert!(info.contains(r#""Deposit":1000000000000000005,"#), "{info}");
    heard(&gateway, |state| !state.sender.deposit.is_zero()).await;
    assert_eq!(gateway.admin("/readyz").await.0, StatusCode::OK);

    refused(
        post(&gateway, "/withdraw", &[]).await,
        500,
        "could not execute withdraw: not sent: the contract would refuse: no unlock is in progress",
    );
    refused(post(&gateway, "/cancelUnlock", &[]).await, 500, "no unlock is in progress");
    assert_eq!(post(&gateway, "/unlock", &[]).await.1, "unlock success");
    assert_eq!(post(&gateway, "/cancelUnlock", &[]).await.1, "cancelUnlock success");
    assert_eq!(post(&gateway, "/unlock", &[]).await.1, "unlock success");
    refused(post(&gateway, "/withdraw", &[]).await, 500, "the funds are locked until round");
    for _ in 0..2 {
        market.chain.next_round().await.expect("a round");
    }
    let dry = post(&gateway, "/withdraw", &[("dryRun", "true")]).await;
    let plan: Value = serde_json::from_str(&dry.1).expect("a plan");
    assert_eq!(plan["after"]["deposit"], "0", "{plan}");
    assert_eq!(post(&gateway, "/withdraw", &[]).await.1, "withdraw success");
    assert!(got(&gateway, "/senderInfo").await.starts_with(r#"{"Deposit":0,"#));
    heard(&gateway, |state| state.sender.deposit.is_zero()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn chain_and_account_are_told_under_stock_paths() {
    let market = Market::unfunded(0, Options::default(), base).await;
    let gateway = market.gateway(|_| ()).await;
    let contracts = market.chain.contracts();
    assert_eq!(got(&gateway, "/EthChainID").await, "7337");
    assert_eq!(got(&gateway, "/ethAddr").await, SENDER.to_string());
    let balance = market.chain.balance(SENDER).await.expect("a balance");
    assert_eq!(got(&gateway, "/ethBalance").await, balance.to_string());
    assert_eq!(got(&gateway, "/ticketBrokerParams").await, r#"{"UnlockPeriod":2}"#);
    assert_eq!(got(&gateway, "/roundInitialized").await, "true");
    let round = market.chain.current_round().await.expect("a round");
    assert_eq!(got(&gateway, "/currentRound").await, round.to_string());
    let block: u64 = got(&gateway, "/currentBlock").await.parse().expect("a number");
    assert!(block <= market.chain.block_number().await.expect("a number"));
    let addresses: Value =
        serde_json::from_str(&got(&gateway, "/contractAddresses").await).unwrap();
    assert_eq!(addresses["TicketBroker"], format!("{:#x}", contracts.ticket_broker));
    assert_eq!(addresses["Controller"], format!("{:#x}", contracts.controller));
    let config: Value = serde_json::from_str(&got(&gateway, "/getBroadcastConfig").await).unwrap();
    assert_eq!(config["MaxPrice"], Value::Null);
    assert!(config["TranscodingOptions"].as_str().is_some_and(|names| !names.is_empty()));

    assert_eq!(got(&gateway, "/maxGasPrice").await, "");
    assert_eq!(
        post(&gateway, "/setMaxGasPrice", &[("amount", "7")]).await,
        (StatusCode::OK, String::new())
    );
    assert_eq!(got(&gateway, "/maxGasPrice").await, "7");
    refused(
        post(&gateway, "/fundDeposit", &[("amount", "1")]).await,
        500,
        "current gas price exceeds maximum gas price",
    );
    post(&gateway, "/setMaxGasPrice", &[("amount", "0")]).await;
    assert_eq!(got(&gateway, "/maxGasPrice").await, "", "0 is no limit");
    gateway.stop().await;
}

#[tokio::test]
async fn what_changes_something_is_a_post_with_parameters_and_of_nobody_else() {
    let market = Market::unfunded(0, Options::default(), base).await;
    let gateway = market.gateway(|_| ()).await;
    let changing = [
        "/fundDepositAndReserve",
        "/fundDeposit",
        "/unlock",
        "/cancelUnlock",
        "/withdraw",
        "/setMaxGasPrice",
    ];
    for path in changing {
        let request = gateway.admin_request(Method::GET, &format!("{path}?amount=1"));
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(response.headers()["allow"], "POST", "{path}");
        let request =
            gateway.admin_request(Method::POST, path).header("origin", "http://evil.example");
        assert_eq!(
            request.send().await.expect("an answer").status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    refused(
        post(&gateway, "/fundDepositAndReserve", &[]).await,
        400,
        "missing form param: depositAmount",
    );
    refused(
        post(&gateway, "/fundDepositAndReserve", &[("depositAmount", "1")]).await,
        400,
        "missing form param: reserveAmount",
    );
    refused(post(&gateway, "/fundDeposit", &[("amount", "much")]).await, 400, "invalid amount: ");
    refused(
        post(&gateway, "/setMaxGasPrice", &[("amount", "x")]).await,
        400,
        "Parsing failed for price: ",
    );
    refused(post(&gateway, "/unlock", &[("dryRun", "maybe")]).await, 400, "invalid dryRun");
    let deposit = market.chain.sender_info(SENDER).await.expect("funds").sender.deposit;
    assert_eq!(deposit, U256::ZERO);
    gateway.stop().await;
}

#[tokio::test]
async fn off_chain_there_is_no_client_and_on_all_addresses_no_change_without_the_token() {
    let token = "a-token-of-some-length";
    let with_token = |config: &mut waymark::config::Config| {
        config.admin_token = Some(waymark::config::Secret::new(token));
    };
    let gateway = Gateway::with(&[], &["-cliAddr", "0.0.0.0:0"], with_token).await;
    for path in ["/ethAddr", "/senderInfo", "/currentBlock", "/currentRound", "/maxGasPrice"] {
        let (status, text) = gateway.admin(path).await;
        assert_eq!(
            (status, text.as_str()),
            (StatusCode::INTERNAL_SERVER_ERROR, "missing ETH client\n")
        );
    }
    assert_eq!(got(&gateway, "/EthChainID").await, "0");
    assert_eq!(gateway.admin("/payments").await.0, StatusCode::NOT_FOUND);
    refused(post(&gateway, "/unlock", &[]).await, 403, "listen.admin_token");
    let request = gateway.admin_request(Method::POST, "/unlock").bearer_auth(token);
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.text().await.expect("a text"), "missing ETH client\n");
    gateway.stop().await;
}

#[tokio::test]
async fn spending_is_told_by_tag_and_orchestrator_beside_its_limits() {
    let market = Market::with(1, Options::default(), base).await;
    let gateway = market
        .gateway(|config| config.spending.day = Some("5 eth".parse().expect("an amount")))
        .await;
    for seq in 0..3 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "{pushed:?}");
    }
    // Three were sent, and one is made for the next segment.
    on_record(&gateway, 4).await;
    let report: Value = serde_json::from_str(&got(&gateway, "/payments").await).expect("JSON");
    assert_eq!(report["address"], SENDER.to_string());
    assert_eq!(report["funds"]["deposit"], finney(10_000).to_string());
    let tag = &report["by_tag"][0];
    assert_eq!((&tag["key"], &tag["payments"]), (&Value::from(TAG.0), &Value::from(4)));
    assert_ne!(tag["value"], "0");
    assert_eq!(report["by_orchestrator"][0]["key"], market.orchestrators[0].address().to_string());
    assert_eq!(
        (&report["limits"][0]["limit"], &report["limits"][0]["used"]),
        (&Value::from("day"), &tag["value"])
    );
    assert!(report["spending"]["runway_days"].as_f64().is_some_and(|days| days > 0.0));
    refused(gateway.admin("/payments?days=0").await, 400, "invalid days");

    let (_, metrics) = gateway.admin("/metrics").await;
    for series in [
        "waymark_deposit_wei 10000000000000000000",
        "livepeer_gateway_deposit 10000000000",
        "waymark_chain_health{health=\"fresh\"} 1",
        "waymark_limit_wei{limit=\"day\",subject=\"\"} 5000000000000000000",
        "waymark_promises_total 4",
        "waymark_round_initialized 1",
    ] {
        assert!(metrics.contains(series), "{series} is not in\n{metrics}");
    }
    let promised: f64 = tag["value"].as_str().expect("wei").parse().expect("a number");
    let series =
        gateway.metric("waymark_tag_promised_wei_today{tag=\"transcode/live/sport\"}").await;
    assert!((series - promised).abs() < 1.0, "{series} {promised}");
    assert!(gateway.metric("waymark_rpc_calls_total{method=\"eth_getBlockByNumber\"}").await > 0.0);
    gateway.stop().await;
}
