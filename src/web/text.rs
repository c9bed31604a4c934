//! Text that people type: what it must not hold, and how names are compared.

use std::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;

/// Control characters, and those that take no room or change how text runs (Unicode's
/// `Default_Ignorable_Code_Point` and its bidirectional controls): with them two names could look
/// the same, or one like another.
pub const INVISIBLE: [RangeInclusive<char>; 20] = [
    '\0'..='\u{1f}',
    '\u{7f}'..='\u{9f}',
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

#[must_use]
pub fn is_invisible(c: char) -> bool {
    INVISIBLE.iter().any(|range| range.contains(&c))
}

/// A name of 1 to `longest` visible characters, trimmed. Space around it counts, as it does in a
/// form's field and in the API's document.
///
/// # Errors
/// What to do about it.
pub fn parse_name(text: &str, longest: usize) -> Result<String, String> {
    let length = text.chars().count();
    let text = text.trim();
    match length {
        _ if text.is_empty() => Err("Enter a name.".to_owned()),
        length if length > longest => Err(format!(
            "Use at most {longest} characters; these are {length}."
        )),
        _ if text.chars().any(is_invisible) => {
            Err("Remove the control or invisible characters, such as line breaks.".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

/// As names are compared: without case, with one kind of space, and without the difference
/// between characters that are compatible (NFKC).
#[must_use]
pub fn fold(text: &str) -> String {
    let compatible: String = text.nfkc().collect();
    // By way of upper case, ß becomes ss, and so does its capital by way of ß; at the end of a
    // word, lower case would write ς.
    let upper = compatible.to_lowercase().to_uppercase();
    let folded = upper.to_lowercase().replace('ς', "σ");
    let folded: String = folded.nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// With a large first letter, as at the beginning of a sentence.
#[must_use]
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_composition_and_kind_of_space() {
        assert_eq!(fold("OKTA"), fold("okta"));
        assert_eq!(fold("Caf\u{e9}"), fold("cafe\u{301}"));
        assert_eq!(fold("ＯＫ"), fold("ok"));
        assert_eq!(fold("Straße"), fold("STRASSE"));
        assert_eq!(fold("STRAẞE"), fold("STRASSE"));
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert_eq!(fold("O\u{a0} kta"), fold("o kta"));
        assert_ne!(fold("okta"), fold("okta 2"));
    }

    #[test]
    fn each_character_is_folded_once_and_for_all() {
        for c in '\0'..='\u{2ffff}' {
            let folded = fold(&c.to_string());
            assert_eq!(fold(&folded), folded, "U+{:04X}", u32::from(c));
            for other in [c.to_lowercase().to_string(), c.to_uppercase().to_string()] {
                assert_eq!(fold(&other), folded, "U+{:04X}", u32::from(c));
            }
        }
    }

    #[test]
    fn what_cannot_be_seen_is_no_name() {
        for bad in [
            "",
            " ",
            "a\nb",
            "a\0b",
            "a\u{202e}b",
            "a\u{ad}",
            "\u{3164}",
            "\u{2800}",
            "a\u{e0041}",
        ] {
            assert!(parse_name(bad, 100).is_err(), "{bad:?}");
        }
        assert_eq!(parse_name(" Größe 🚀 ", 100).unwrap(), "Größe 🚀");
    }
}
