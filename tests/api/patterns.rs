//! The document's patterns say the same as the code that reads what was sent.

use fancy_regex::Regex;
use proptest::prelude::*;
use tokendesk::api::document;
use tokendesk::catalogue::products;
use tokendesk::catalogue::resources::pattern::Pattern;
use tokendesk::identity::Email;
use tokendesk::profile::servers;
use tokendesk::tokens::Ranges;
use tokendesk::web::form::Field;
use tokendesk::web::text::parse_name;

/// A text of the document.
struct Text {
    pattern: Regex,
    lengths: std::ops::RangeInclusive<u64>,
}

impl Text {
    fn named(name: &str) -> Self {
        let schema = &document()["components"]["schemas"][name];
        let shortest = schema["minLength"].as_u64().unwrap_or(0);
        let longest = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
        Self {
            pattern: Regex::new(schema["pattern"].as_str().unwrap()).unwrap(),
            lengths: shortest..=longest,
        }
    }

    fn fits(&self, text: &str) -> bool {
        let length = text.chars().count() as u64;
        self.lengths.contains(&length) && self.pattern.is_match(text).unwrap()
    }
}

fn is_product_key(key: &str) -> bool {
    let draft = products::draft::Draft {
        name: Field::new("x"),
        key: Field::new(key),
        ..Default::default()
    };
    draft.parse(None).is_ok()
}

fn is_server(name: &str, description: &str) -> bool {
    let draft = servers::draft::Draft {
        name: Field::new(name),
        url: Field::new("https://mcp.example.com/"),
        description: Field::new(description),
        ..Default::default()
    };
    draft.parse().is_ok()
}

#[test]
fn each_character_is_visible_or_not_to_both() {
    let (name, email) = (Text::named("Name"), Text::named("Email"));
    let description = Text::named("Description");
    for c in '\0'..=char::MAX {
        for text in [format!("{c}"), format!("a{c}b"), format!("{c}b")] {
            let is_name = parse_name(&text, 100).is_ok();
            assert_eq!(name.fits(&text), is_name, "{text:?}");
        }
        let text = format!("a{c}b");
        assert_eq!(description.fits(&text), is_server("x", &text), "{text:?}");
        for text in [format!("a{c}b@x.example"), format!("a@x{c}")] {
            let is_email = Email::parse(&text).is_ok();
            assert_eq!(email.fits(&text), is_email, "{text:?}");
        }
    }
}

#[test]
fn lengths_are_counted_alike() {
    let (name, email) = (Text::named("Name"), Text::named("Email"));
    let (group, path) = (Text::named("GroupName"), Text::named("PathPattern"));
    for length in [1, 99, 100, 101, 255, 256, 257] {
        for text in ["é".repeat(length), format!("{} ", "é".repeat(length - 1))] {
            assert_eq!(name.fits(&text), parse_name(&text, 100).is_ok(), "{text}");
            assert_eq!(group.fits(&text), parse_name(&text, 256).is_ok(), "{text}");
        }
    }
    for length in [1, 246, 247, 248] {
        for end in ["@x.com", "@x.com "] {
            let text = "é".repeat(length) + end;
            assert_eq!(email.fits(&text), Email::parse(&text).is_ok(), "{text}");
        }
    }
    for parts in [0, 1, 19, 20, 21] {
        for end in ["", "/", "/**", "/{*rest}", "//**", "/**/", " ", "//"] {
            let text = "/a".repeat(parts) + end;
            assert_eq!(path.fits(&text), Pattern::parse(&text).is_ok(), "{text}");
        }
    }
    for length in [198, 199, 200] {
        for end in ["", "\u{3000}", "/"] {
            let text = format!("/{}{end}", "a".repeat(length));
            assert_eq!(path.fits(&text), Pattern::parse(&text).is_ok(), "{text}");
        }
    }
}

#[test]
fn what_is_ours_is_ours_in_both() {
    let (key, server) = (Text::named("ProductKey"), Text::named("McpServerName"));
    for text in [
        "wb", "wxt", "wb_", " wxt ", "wxt_ ", "wbt", "wx", "wxtx", "a", "shop__",
    ] {
        assert_eq!(key.fits(text), is_product_key(text), "{text}");
    }
    for text in [
        "tokendesk",
        " TokenDesk",
        "tokendesks",
        "-x",
        "x-",
        "\u{212a}",
    ] {
        assert_eq!(server.fits(text), is_server(text, ""), "{text}");
    }
}

/// The range that begins with its first address, where the address alone is one.
fn is_range(text: &str) -> bool {
    match Ranges::parse(text) {
        Ok(ranges) => !ranges.is_empty(),
        Err(errors) => errors[0].contains("Did you mean"),
    }
}

proptest! {
    #[test]
    fn paths_are_read_alike(text in r"( |/|\*|\*\*|\.|\{|\}|\{\*|id|-|_|%|é){0,12}") {
        let is_path = Pattern::parse(&text).is_ok();
        prop_assert_eq!(Text::named("PathPattern").fits(&text), is_path);
    }

    #[test]
    fn paths_that_look_like_some_are_read_alike(text in r"(/(a\.?|\{id\}|\*\*|\{\*r\}|[!-~])){1,4}/?") {
        let is_path = Pattern::parse(&text).is_ok();
        prop_assert_eq!(Text::named("PathPattern").fits(&text), is_path);
    }

    #[test]
    fn ranges_are_read_alike(
        text in r"((([0-9]|1[0-9]|25[0-9]|0[0-9])\.){3}[0-9]{1,3}|([0-9a-fA-F]{1,5}:|:){1,8}([0-9a-f]{1,4}|1\.2\.3\.4|01\.2\.3\.4)?)(/[0-9]{0,3})?"
    ) {
        prop_assert_eq!(Text::named("IpRange").fits(&text), is_range(&text));
    }

    #[test]
    fn keys_are_read_alike(text in r"[ \n]?[a-wxz0-9A_-]{0,14}\PC?") {
        prop_assert_eq!(Text::named("ProductKey").fits(&text), is_product_key(&text));
        prop_assert_eq!(Text::named("McpServerName").fits(&text), is_server(&text, ""));
    }

    #[test]
    fn emails_are_read_alike(text in r"[ a@.\u{3000}]{0,8}@?[ a@.é]{0,8}") {
        prop_assert_eq!(Text::named("Email").fits(&text), Email::parse(&text).is_ok());
    }
}
