//! Parameters and answers in the shapes of the stock node.

use std::collections::BTreeMap;

use alloy_primitives::U256;
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::config;

/// Largest form that is read.
const LARGEST: usize = 64 * 1024;

/// An answer that is not 200: its text on a line of its own, as Go's `http.Error` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    pub(super) fn internal(text: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// What is said to everything that needs a chain where there is none.
    pub(super) fn no_chain() -> Self {
        Self::internal("missing ETH client")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (self.status, headers, self.text + "\n").into_response()
    }
}

/// JSON that was written by hand, because numbers in it are larger than a library's.
pub(super) fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Parameters of the query and of a form in the body; the form's come first.
#[derive(Debug, Default)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    fn add(&mut self, encoded: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(encoded) {
            self.0.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Refuses if one of them is missing or empty.
    pub(super) fn require(&self, names: &[&str]) -> Result<(), Refusal> {
        match names.iter().find(|name| self.get(name).is_none()) {
            None => Ok(()),
            Some(name) => {
                Err(Refusal::new(StatusCode::BAD_REQUEST, format!("missing form param: {name}")))
            }
        }
    }

    /// An amount: wei as stock takes it, or with a unit.
    pub(super) fn wei(&self, name: &str) -> Result<U256, String> {
        let text = self.get(name).unwrap_or_default();
        config::wei(text).map_err(|wanted| format!("{text:?} {wanted}"))
    }

    /// Whether it is only to be said what would happen.
    pub(super) fn dry_run(&self) -> Result<bool, Refusal> {
        match self.get("dryRun") {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            // Whatever was meant, it is no permission to spend money.
            Some(other) => {
                let text = format!("invalid dryRun: {other:?} must be true or false");
                Err(Refusal::new(StatusCode::BAD_REQUEST, text))
            }
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, _state: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, LARGEST).await.map_err(|error| {
            Refusal::new(StatusCode::BAD_REQUEST, format!("parse form error: {error}"))
        })?;
        let mut params = Self::default();
        params.add(&body);
        params.add(parts.uri.query().unwrap_or_default().as_bytes());
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(form: &str, query: &str) -> Params {
        let mut params = Params::default();
        params.add(form.as_bytes());
        params.add(query.as_bytes());
        params
    }

    #[test]
    fn form_and_query_are_both_read_and_the_form_comes_first() {
        let params = params("amount=5&x=a%20b", "amount=6&reserveAmount=7");
        assert_eq!(params.wei("amount"), Ok(U256::from(5)));
        assert_eq!(params.wei("reserveAmount"), Ok(U256::from(7)));
        assert_eq!(params.get("x"), Some("a b"));
    }

    #[test]
    fn the_first_that_is_missing_or_empty_is_named() {
        let params = params("a=1&b=", "");
        let refusal = params.require(&["a", "b", "c"]).unwrap_err();
        assert_eq!(refusal, Refusal::new(StatusCode::BAD_REQUEST, "missing form param: b"));
    }

    #[test]
    fn a_dry_run_that_is_spelt_otherwise_is_no_permission() {
        assert_eq!(params("", "dryRun=true").dry_run(), Ok(true));
        assert_eq!(params("", "").dry_run(), Ok(false));
        assert!(params("", "dryRun=yes").dry_run().is_err());
    }
}
