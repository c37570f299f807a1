//! Tags from strangers, names that become tags, and tags inside ticket nonces.
//!
//! Input: any bytes; they are read as a tag, as a name and as nonces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waymark_fuzz::showable;
use waymark_tagging::{JobShape, Registry, Tag, TagId, default_tag, nonce, slug};

fuzz_target!(|data: &[u8]| {
    match Tag::parse(data) {
        Ok(tag) => {
            assert!(in_grammar(data), "{tag:?} is accepted against the grammar");
            accepted(&tag, data);
        }
        Err(error) => {
            assert!(!in_grammar(data), "refused against the grammar: {error}");
            showable(&error);
            assert!(error.position <= data.len(), "{error}");
            assert!(error.to_string().len() <= 1024, "{error}");
        }
    }
    if let Ok(name) = str::from_utf8(data) {
        mapped(name);
    }
    for word in data.chunks(4) {
        let mut number = [0; 4];
        number.iter_mut().zip(word).for_each(|(to, from)| *to = *from);
        carried(u32::from_be_bytes(number));
    }
});

/// The grammar once more, written another way.
fn in_grammar(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else { return false };
    let mut parts = text.split('/');
    let root = parts.next().unwrap_or_default();
    let segments: Vec<_> = parts.collect();
    let word = |text: &str, most: usize| {
        (1..=most).contains(&text.len())
            && text.chars().all(|c| c.is_digit(36) && !c.is_uppercase())
    };
    let good_root = matches!(root, "transcode" | "ai" | "compute")
        || root.strip_prefix("x-").is_some_and(|namespace| word(namespace, 24));
    let good_segment = |text: &&str| {
        let (letters, first) = (text.replace(['.', '_', '-'], "0"), text.get(..1));
        word(&letters, 32) && first.is_some_and(|first| word(first, 1))
    };
    text.len() <= 96
        && good_root
        && (1..=4).contains(&segments.len())
        && segments.iter().all(good_segment)
}

fn accepted(tag: &Tag, data: &[u8]) {
    assert_eq!(tag.as_str().as_bytes(), data, "a tag is what was written");
    assert!(data.len() <= 96 && data.is_ascii() && !data.iter().any(u8::is_ascii_uppercase));
    assert_eq!(tag.to_string().parse().as_ref(), Ok(tag));
    let json = serde_json::to_string(tag).expect("a tag is text");
    assert_eq!(serde_json::from_str::<Tag>(&json).expect("a tag"), *tag);
    assert_eq!(tag.lineage().count(), tag.segments().count());
    let joined: Vec<_> = std::iter::once(tag.root()).chain(tag.segments()).collect();
    assert_eq!(joined.join("/"), tag.as_str());
    assert!(tag.is_within(tag));
    if let Some(parent) = tag.parent() {
        assert_eq!(Tag::parse(parent.as_str().as_bytes()).as_ref(), Ok(&parent));
        assert!(tag.is_within(&parent) && !parent.is_within(tag));
        assert_ne!(parent.key(), tag.key());
    }
    let registry = Registry::builtin();
    assert_eq!(registry.nearest(tag).is_none(), tag.lineage().all(|t| registry.get(&t).is_none()));
}

/// A name that somebody chose for a pipeline, an application or a container.
fn mapped(name: &str) {
    if let Some(slug) = slug(name) {
        let tag = format!("ai/{slug}");
        assert!(in_grammar(tag.as_bytes()), "{name:?} becomes {slug:?}");
        assert_eq!(waymark_tagging::slug(&slug).as_ref(), Some(&slug), "{name:?}");
    }
    let id = name.bytes().fold(0u16, |id, byte| id.wrapping_mul(31).wrapping_add(byte.into()));
    let shapes = [
        JobShape::Capability { id: 35, name },
        JobShape::Capability { id: 37, name },
        JobShape::Capability { id, name },
        JobShape::Pipeline(name),
        JobShape::App(name),
        JobShape::Offering(name),
    ];
    for shape in &shapes {
        let tag = default_tag(shape);
        assert!(in_grammar(tag.as_str().as_bytes()), "{shape:?} becomes {tag:?}");
        assert!(Registry::builtin().nearest(&tag).is_some(), "{shape:?} becomes {tag:?}");
    }
}

fn carried(number: u32) {
    match nonce::decode(number) {
        Some((tag, counter)) => {
            assert!(number < nonce::NONCE_LIMIT && counter > 0 && tag <= TagId::MAX);
            match nonce::encode(tag, counter) {
                Ok(again) => assert_eq!(again, number),
                Err(_) => assert!(counter > nonce::MAX_COUNTER, "{counter} is refused"),
            }
        }
        None => assert!(number >= nonce::NONCE_LIMIT || number.is_multiple_of(1024), "{number}"),
    }
    let counter = u16::try_from(number & 1023).expect("ten bits");
    if let Ok(tag) = TagId::try_from(number >> 10)
        && (1..=nonce::MAX_COUNTER).contains(&counter)
    {
        let nonce = nonce::encode(tag, counter).expect("tag and counter are in range");
        assert_eq!(nonce::decode(nonce), Some((tag, counter)));
    }
}
