use std::io::{self, Read};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn object() -> Value {
    json!({
        "address": "0x68B1D87F95878fE05B998F19b66F4baba5De1aed",
        "topics": [B256::repeat_byte(1), B256::repeat_byte(2)],
        "data": "0x0102",
        "blockNumber": "0x1af",
        "logIndex": "0x1",
        "blockHash": B256::repeat_byte(3),
        "transactionHash": B256::repeat_byte(4),
        "removed": false,
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut object = object();
    object[field] = value;
    object
}

fn parse(object: &Value) -> Result<Log, LogError> {
    Log::parse(object.to_string().as_bytes())
}

/// All logs of a stream, given in pieces of this many bytes, or why it stops.
fn read(text: &[u8], piece: usize) -> (Vec<Log>, Option<String>) {
    let mut reader = LogReader::new(Pieces { text, piece });
    let mut logs = Vec::new();
    loop {
        match reader.next_log() {
            Ok(Some(log)) => logs.push(log),
            Ok(None) => return (logs, None),
            Err(error) => return (logs, Some(error.to_string())),
        }
    }
}

struct Pieces<'a> {
    text: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.piece.min(self.text.len()).min(buffer.len());
        let (now, later) = self.text.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.text = later;
        Ok(length)
    }
}

#[test]
fn a_log_is_read_as_nodes_write_it() {
    let log = parse(&object()).unwrap();
    assert_eq!((log.place.block(), log.place.index()), (431, 1));
    assert_eq!(log.topics.len(), 2);
    assert_eq!(log.data, Bytes::from_static(&[1, 2]));
    assert_eq!((log.time, log.removed), (None, false));
}

#[test]
fn numbers_may_be_written_as_exporters_do() {
    for number in [json!("0x1af"), json!(431), json!("431")] {
        assert_eq!(parse(&with("blockNumber", number)).unwrap().place.block(), 431);
    }
    let log = parse(&with("blockTimestamp", json!("0x65f0c2d0"))).unwrap();
    assert_eq!(log.time, Some(1_710_277_328));
}

#[test]
fn what_is_no_log_in_a_block_is_told_apart() {
    let cases = [
        (with("blockNumber", Value::Null), "in no block yet"),
        (with("logIndex", Value::Null), "`logIndex` is missing"),
        (with("address", json!("0x12")), "not a log object"),
        (with("blockNumber", json!("0xffffffffffffffff")), "cannot be"),
        (with("blockNumber", json!(-1)), "not a log object"),
        (with("blockNumber", json!("+12")), "not a log object"),
        (with("topics", json!(vec![B256::ZERO; 5])), "5 topics"),
        (json!({"jsonrpc": "2.0", "id": 1, "result": []}), "whole answer"),
        (json!({}), "`address` is missing"),
    ];
    for (object, part) in cases {
        let error = parse(&object).unwrap_err().to_string();
        assert!(error.contains(part), "{error:?} should say {part:?}");
    }
}

#[test]
fn a_stream_may_be_an_array_lines_or_objects() {
    let pretty = serde_json::to_string_pretty(&object()).unwrap();
    let object = object().to_string();
    let texts = [
        format!("[{object},{object}]"),
        format!("{object}\n{object}\n"),
        format!("{object}{object}"),
        format!("[\n  {pretty},\r\n{pretty}\n]\n"),
        format!("[{object}]\n[{object}]"),
    ];
    for text in texts {
        for piece in [1, 7, 1 << 20] {
            let (logs, error) = read(text.as_bytes(), piece);
            assert_eq!((logs.len(), error), (2, None), "{text} in pieces of {piece}");
        }
    }
    assert_eq!(read(b"", 1), (Vec::new(), None));
    assert_eq!(read(b"[]\n", 1), (Vec::new(), None));
}

#[test]
fn braces_and_quotes_inside_texts_do_not_end_an_object() {
    let odd = with("note", json!("}{\"\\}"));
    let text = format!("{odd}{odd}");
    for piece in [1, 2, 3, 1 << 20] {
        assert_eq!(read(text.as_bytes(), piece).0.len(), 2);
    }
}

#[test]
fn a_stream_that_breaks_off_says_where() {
    let object = object().to_string();
    let whole = format!("[{object},{object}]");
    let (logs, error) = read(&whole.as_bytes()[..whole.len() - 10], 64);
    assert_eq!(logs.len(), 1);
    let error = error.unwrap();
    assert!(error.contains("in the middle of log object 2"), "{error}");
    let (logs, error) = read(&whole.as_bytes()[..whole.len() - 1], 64);
    assert_eq!(logs.len(), 2);
    assert!(error.unwrap().contains("in the middle of the array"));
    let (_, error) = read(b"<html>", 64);
    assert_eq!(
        error.unwrap(),
        "byte 0 should begin a log object but is '<'; accepted: an array of log objects, or one object a line"
    );
}

#[test]
fn an_object_without_end_is_given_up() {
    let endless = [b"{\"data\":\"".as_slice(), &vec![b'0'; MAX_LOG_BYTES + (1 << 20)]].concat();
    let (_, error) = read(&endless, 1 << 16);
    assert!(error.unwrap().contains("is longer than"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
        // The same in one piece as in several.
        prop_assert_eq!(read(&bytes, piece), read(&bytes, 1 << 20));
    }

    #[test]
    fn any_text_of_brackets_is_read_or_refused(text in r#"[\[\]{}",\\ a]{0,60}"#, piece in 1_usize..9) {
        prop_assert_eq!(read(text.as_bytes(), piece), read(text.as_bytes(), 1 << 20));
    }

    #[test]
    fn places_keep_the_order_of_the_chain(a in (0..=MAX_BLOCK, 0..=MAX_INDEX), b in (0..=MAX_BLOCK, 0..=MAX_INDEX)) {
        let place = |(block, index)| Place::new(block, index).unwrap();
        prop_assert_eq!(place(a).cmp(&place(b)), a.cmp(&b));
        prop_assert_eq!((place(a).block(), place(a).index()), a);
        prop_assert!(place(a).number() < 1 << 63);
    }
}
