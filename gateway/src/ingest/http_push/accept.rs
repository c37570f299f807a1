//! What the client wants back, by its `Accept` (RFC 9110 12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// Form of the answer to a push that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyForm {
    /// The renditions themselves, as `multipart/mixed`.
    Multipart,
    /// Names, sizes and URIs as JSON.
    Summary,
}

/// Multipart when a media range names `multipart/mixed` (or `multipart/*`) in any case, in a list,
/// with parameters, and not with quality 0. The more exact range decides.
pub(super) fn reply_form(headers: &HeaderMap) -> ReplyForm {
    let (mut exact, mut kind) = (None, None);
    for value in headers.get_all(ACCEPT) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for range in split_outside_quotes(&text, ',') {
            let mut parts = split_outside_quotes(range, ';');
            let name = parts.next().unwrap_or_default().trim();
            let wanted = !parts.any(is_zero_quality);
            if name.eq_ignore_ascii_case("multipart/mixed") {
                exact = Some(exact.unwrap_or(false) || wanted);
            } else if name.eq_ignore_ascii_case("multipart/*") {
                kind = Some(kind.unwrap_or(false) || wanted);
            }
        }
    }
    if exact.or(kind).unwrap_or(false) { ReplyForm::Multipart } else { ReplyForm::Summary }
}

/// `q=0`, `q=0.0`, `q=0.000`. An illegible quality counts as if it were not there.
fn is_zero_quality(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let value = value.trim();
    let digits = value.strip_prefix('0').and_then(|rest| match rest {
        "" => Some(""),
        _ => rest.strip_prefix('.'),
    });
    name.trim().eq_ignore_ascii_case("q")
        && digits.is_some_and(|digits| digits.bytes().all(|b| b == b'0'))
}

/// Splits at a separator that is not inside a quoted string.
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        }
        c == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &[&str]) -> ReplyForm {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, value.parse().unwrap());
        }
        reply_form(&headers)
    }

    #[test]
    fn pain_13_multipart_is_understood_in_every_spelling() {
        for accept in [
            "multipart/mixed",
            "Multipart/Mixed",
            "multipart/mixed; q=1",
            "multipart/mixed;q=0.001",
            "multipart/mixed, */*",
            "application/json;q=0.9, multipart/mixed",
            " text/html;a=\",\" ,multipart/mixed ; boundary=\"a,b;c\"",
            "multipart/*",
            "multipart/mixed;q=0, multipart/mixed",
        ] {
            assert_eq!(form(&[accept]), ReplyForm::Multipart, "{accept}");
        }
        assert_eq!(form(&["text/html", "multipart/mixed"]), ReplyForm::Multipart);
    }

    #[test]
    fn anything_else_gets_the_summary() {
        for accept in [
            "",
            "*/*",
            "application/json",
            "multipart/form-data",
            "multipart/mixed;q=0",
            "multipart/mixed; Q=0.000",
            "multipart/mixed;q=0, multipart/*",
            "text/plain; a=\"multipart/mixed\"",
            "text/plain; a=\", multipart/mixed\"",
            "xmultipart/mixed",
        ] {
            assert_eq!(form(&[accept]), ReplyForm::Summary, "{accept}");
        }
        assert_eq!(form(&[]), ReplyForm::Summary);
    }
}
