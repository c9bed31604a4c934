//! Text that people type: what it must not hold, and how names are compared.

use std::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;

/// Control characters, and those that take no room or change how text runs (Unicode's
/// `Default_Ignorable_Code_Point` and its bidirectional controls), but for [`JOINERS`]: with them two
/// names could look the same, or one like another.
pub const INVISIBLE: [RangeInclusive<char>; 20] = [
    '\0'..='\u{1f}',
    '\u{7f}'..='\u{9f}',
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200b}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0d}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// What joins the letters of a Persian word or the parts of an emoji, or keeps them apart, says on which side a
/// letter stands, and makes an emoji of a sign. [`fold`] leaves it out.
pub const JOINERS: [RangeInclusive<char>; 2] = ['\u{200c}'..='\u{200f}', '\u{fe0e}'..='\u{fe0f}'];

#[must_use]
pub fn is_invisible(c: char) -> bool {
    INVISIBLE.iter().any(|range| range.contains(&c))
}

#[must_use]
pub fn is_joiner(c: char) -> bool {
    JOINERS.iter().any(|range| range.contains(&c))
}

/// Text on one line that can be seen, trimmed. It may be empty.
///
/// # Errors
/// What to do about it.
pub fn parse_line(text: &str) -> Result<&str, String> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || is_joiner(c));
    let text = text.trim_end();
    if text.chars().any(is_invisible) {
        return Err("Remove the control or invisible characters, such as line breaks.".to_owned());
    }
    Ok(text)
}

/// A name of 1 to `longest` characters, trimmed. Space around it counts, as it does in a form's field and in
/// the API's document.
///
/// # Errors
/// What to do about it.
pub fn parse_name(text: &str, longest: usize) -> Result<String, String> {
    let length = text.chars().count();
    if length > longest {
        return Err(format!(
            "Use at most {longest} characters; these are {length}."
        ));
    }
    match parse_line(text)? {
        "" => Err("Enter a name.".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// As names are compared: without case and [`JOINERS`], with one kind of space, and without the
/// difference between characters that are compatible (NFKC).
#[must_use]
pub fn fold(text: &str) -> String {
    let compatible: String = text.chars().filter(|c| !is_joiner(*c)).nfkc().collect();
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
        assert_eq!(fold("ok\u{200d}ta\u{fe0f}"), fold("okta"));
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
            " \u{200d}\u{fe0f} ",
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
        for good in [
            "Größe 🚀",
            "👩\u{200d}💻 Devs",
            "Team ❤\u{fe0f}",
            "می\u{200c}خواهم",
        ] {
            let name = parse_name(&format!("\u{200f} {good} "), 100).unwrap();
            assert_eq!(name, good);
        }
    }
}
