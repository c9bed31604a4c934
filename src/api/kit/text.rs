//! Texts in the document: what they may hold, in patterns that say the same as the code that reads
//! them. It passes over white space around most of them, and so do these.

use std::ops::RangeInclusive;

use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::web::text::{INVISIBLE, JOINERS};

/// Types of the document alone: with a description, a pattern, and lengths if it does not say them.
macro_rules! texts {
    ($(
        $name:ident = $description:literal, $pattern:expr
        $(, $shortest:literal to $longest:literal)?;
    )+) => { $(
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description))
                    .pattern(Some($pattern));
                $(let text = text.min_length(Some($shortest)).max_length(Some($longest));)?
                text.into()
            }
        }

        impl ToSchema for $name {}
    )+ };
}

texts! {
    Name = "1 to 100 characters, none of them invisible but for joiners.", name(), 1 to 100;
    GroupName = "1 to 256 characters, none of them invisible but for joiners.", name(), 1 to 256;
    Description = "At most 200 characters, none of them invisible but for joiners.",
        description(), 0 to 200;
    Email = "An email address.", email(), 3 to 254;
    ProductKey = "2 to 12 letters and digits; not `wb` or `wxt`.", product_key();
    McpServerName = "1 to 40 letters, digits and hyphens; not `tokendesk`.", server_name();
    McpServerUrl = "With `http` or `https`, and without a password. Kept as the URL standard writes it: \
        `https://mcp.example.com` with a `/` at its end.",
        server_url(), 1 to 500;
    PathPattern = "Up to 20 parts, of which each can stand for any as `{id}`; at the end `/**` for \
        the path and what is below it, or `/{*rest}` for what is below it.",
        path_pattern(), 1 to 200;
    IpRange = "An IPv4 or IPv6 address, or a CIDR range that begins with its first address.",
        ip_range();
    Catalogue = "A catalogue of resources in TOML.", catalogue();
}

/// White space, in a class.
const SPACE: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

/// In a class.
fn class(ranges: &[RangeInclusive<char>]) -> String {
    let mut class = String::new();
    for range in ranges {
        let escape = |c: char| match u32::from(c) {
            code @ 0..=0xffff => format!(r"\u{code:04x}"),
            // Beyond 16 bits there is no escape that all languages share.
            _ => c.to_string(),
        };
        class += &escape(*range.start());
        if range.start() < range.end() {
            class += "-";
            class += &escape(*range.end());
        }
    }
    class
}

/// `web::text::parse_line`, if it is not empty.
fn line() -> String {
    let (invisible, joiners) = (class(&INVISIBLE), class(&JOINERS));
    format!(
        "[{SPACE}{joiners}]*[^{invisible}{joiners}{SPACE}]([^{invisible}]*[^{invisible}{SPACE}])?[{SPACE}]*"
    )
}

/// `web::text::parse_name`
fn name() -> String {
    format!("^{}$", line())
}

/// `profile::servers::draft`
fn description() -> String {
    let nothing = format!("[{SPACE}{}]*", class(&JOINERS));
    format!("^({}|{nothing})$", line())
}

/// `identity::Email`
fn email() -> String {
    let none = format!("{}{}{SPACE}", class(&INVISIBLE), class(&JOINERS));
    let end = format!("[^{none}@.]");
    format!("^[{SPACE}]*[^{none}]+@{end}([^{none}@]*{end})?[{SPACE}]*$")
}

/// `catalogue::products::draft`
fn product_key() -> String {
    format!("^[{SPACE}]*(?!(wb|wxt)_?[{SPACE}]*$)[a-z0-9]{{2,12}}_?[{SPACE}]*$")
}

/// `profile::servers::draft`
fn server_name() -> String {
    let own = "[Tt][Oo][Kk][Ee][Nn][Dd][Ee][Ss][Kk]";
    format!("^[{SPACE}]*(?!{own}[{SPACE}]*$)[A-Za-z0-9][A-Za-z0-9-]{{0,39}}[{SPACE}]*$")
}

/// `profile::servers::draft`
fn server_url() -> String {
    r#"^[Hh][Tt][Tt][Pp][Ss]?://[^'"\\$`{}@/?#]+([/?#][^'"\\$`{}]*)?$"#.to_owned()
}

/// `catalogue::resources::pattern`
fn path_pattern() -> String {
    let placeholder = r"\{[A-Za-z0-9_-]+\}";
    let literal = "[A-Za-z0-9._~!$&'()+,=:@-]*[A-Za-z0-9_~!$&'()+,=:@-]";
    let part = format!("({placeholder}|{literal})");
    let tail = r"(\*\*|\{\*[A-Za-z0-9_-]+\})";
    format!("^[{SPACE}]*/(({part}(/{part}){{0,19}}(/{tail})?|{tail})/?)?[{SPACE}]*$")
}

/// `tokens::Ranges`, each for itself.
fn ip_range() -> String {
    let octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let v4 = format!(r"{octet}(\.{octet}){{3}}");
    let group = "[0-9A-Fa-f]{1,4}";
    let mut v6 = vec![
        format!("({group}:){{7}}{group}"),
        format!("({group}:){{6}}{v4}"),
    ];
    // By how many groups stand before the `::`.
    for before in 0..=7 {
        let head = match before {
            0 => String::new(),
            _ => format!("{group}(:{group}){{{}}}", before - 1),
        };
        let mut tails = Vec::new();
        if before < 7 {
            tails.push(format!("({group}:){{0,{}}}{group}", 6 - before));
        }
        if before < 6 {
            tails.push(format!("({group}:){{0,{}}}{v4}", 5 - before));
        }
        v6.push(match &*tails {
            [] => format!("{head}::"),
            tails => format!("{head}::({})?", tails.join("|")),
        });
    }
    let v4 = format!("{v4}(/(3[0-2]|[12]?[0-9]))?");
    let v6 = format!("({})(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?", v6.join("|"));
    format!("^({v4}|{v6})$")
}

/// Anything but nothing.
fn catalogue() -> String {
    format!("[^{SPACE}]")
}
