//! The file: comma-separated values (RFC 4180) with a line of column names.

use chrono::{DateTime, Utc};
use csv::{ByteRecord, ReaderBuilder, Trim};

use super::known::Known;
use super::{Fields, Import, Kind, Mistake};

const COLUMNS: [&str; 6] = ["name", "secret", "sha256", "scopes", "expires", "owner"];

/// What some programs begin a file in UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Lines that one import takes.
const MOST: usize = 1_000_000;

/// Why nothing of a file was understood.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("it cannot be read: {0}")]
    Failed(#[from] csv::Error),
    #[error(
        "its first line has to name the columns, with commas between: name, secret or sha256, and \
         if wanted scopes, expires, owner"
    )]
    Columns,
    #[error("it has more than {MOST} lines; split it")]
    TooLong,
}

/// What a file says, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Lines {
    pub imports: Vec<Import>,
    pub mistakes: Vec<Mistake>,
    /// How many there are.
    pub count: usize,
}

impl Lines {
    /// Makes a mistake of each secret that is easy to guess.
    pub fn refuse_guessable(&mut self) {
        let is_guessable = |import: &mut Import| import.secret.kind == Kind::Guessable;
        let refused = self.imports.extract_if(.., is_guessable);
        self.mistakes.extend(refused.map(|import| Mistake {
            line: import.line,
            what: "secret: It is among the first that are guessed. Give this client a new token, or \
                   take it all the same, with --accept-guessable."
                .to_owned(),
        }));
        self.mistakes.sort_unstable();
    }
}

/// Reads all of it; `progress` is told how many bytes were read after each line.
///
/// # Errors
/// [`Unreadable`], before any line is judged.
pub fn read(text: &[u8], now: DateTime<Utc>, progress: impl Fn(u64)) -> Result<Lines, Unreadable> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text);
    let columns = Columns::of(reader.byte_headers()?)?;
    let mut known = Known::default();
    let mut ruler = Ruler {
        text,
        at: 0,
        line: 1,
    };
    let mut lines = Lines::default();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        lines.count += 1;
        if lines.count > MOST {
            return Err(Unreadable::TooLong);
        }
        let line = record
            .position()
            .map_or(0, |start| ruler.line(start.byte()));
        let parsed = columns
            .fields(&record, line)
            .and_then(|fields| fields.parse(line, &mut known, now));
        match parsed {
            Ok(import) => lines.imports.push(import),
            Err(mistakes) => lines.mistakes.extend(mistakes),
        }
        progress(reader.position().byte());
    }
    Ok(lines)
}

/// Counts lines as editors do. What reads the values has a line end where it finds `\r`, before
/// the `\n` that belongs to it, and passes over empty lines.
struct Ruler<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl Ruler<'_> {
    /// The line of what begins there, or after the ends of lines that stand there.
    fn line(&mut self, byte: u64) -> u64 {
        let start = usize::try_from(byte).unwrap_or(usize::MAX);
        let start = start.clamp(self.at, self.text.len());
        let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let start = start + self.text[start..].iter().take_while(is_end).count();
        // One that ends with `\r\n` ends once.
        let behind = self.text[self.at..].iter().skip(1).map(Some).chain([None]);
        let passed = self.text[self.at..start].iter().zip(behind);
        let ends = passed.filter(|(byte, next)| match byte {
            b'\n' => true,
            b'\r' => *next != Some(&b'\n'),
            _ => false,
        });
        self.line += ends.count() as u64;
        self.at = start;
        self.line
    }
}

/// At which place of a line each of the columns stands.
struct Columns {
    places: [Option<usize>; COLUMNS.len()],
    count: usize,
}

impl Columns {
    fn of(headers: &ByteRecord) -> Result<Self, Unreadable> {
        let mut places = [None; COLUMNS.len()];
        for (place, header) in headers.iter().enumerate() {
            let is_meant = |name: &str| name.as_bytes().eq_ignore_ascii_case(header);
            let column = COLUMNS.iter().position(|name| is_meant(name));
            let column = column.ok_or(Unreadable::Columns)?;
            if places[column].replace(place).is_some() {
                return Err(Unreadable::Columns);
            }
        }
        let [name, secret, sha256, ..] = places;
        if name.is_none() || (secret.is_none() && sha256.is_none()) {
            return Err(Unreadable::Columns);
        }
        Ok(Self {
            places,
            count: headers.len(),
        })
    }

    fn fields<'r>(&self, record: &'r ByteRecord, line: u64) -> Result<Fields<'r>, Vec<Mistake>> {
        let refuse = |what: String| vec![Mistake { line, what }];
        if record.len() != self.count {
            let (found, expected) = (record.len(), self.count);
            return Err(refuse(format!(
                "It has {found} fields; the first line has {expected}."
            )));
        }
        let mut texts = [""; COLUMNS.len()];
        for (text, place) in texts.iter_mut().zip(self.places) {
            let field = place.and_then(|place| record.get(place));
            *text = std::str::from_utf8(field.unwrap_or_default())
                .map_err(|_| refuse("It is not written in UTF-8.".to_owned()))?;
        }
        // Behind a space, and by RFC 4180 for apostrophes anywhere, they would be a part of the value.
        let is_quoted = |text: &&str| {
            let is_within = |mark| text.len() > 1 && text.starts_with(mark) && text.ends_with(mark);
            is_within('"') || is_within('\'')
        };
        if texts.iter().any(is_quoted) {
            let what = "A field has quotation marks around it that are taken for a part of it. Remove \
                        them, or what stands between a comma and them.";
            return Err(refuse(what.to_owned()));
        }
        let [name, secret, sha256, scopes, expires, owner] = texts;
        Ok(Fields {
            name,
            secret,
            sha256,
            scopes,
            expires,
            owner,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Result<Lines, Unreadable> {
        let now = "2026-11-25T14:00:00Z".parse().unwrap();
        read(text.as_bytes(), now, |_| {})
    }

    #[test]
    fn columns_stand_in_any_order_and_lines_are_counted_as_an_editor_does() {
        let text = "\u{feff}Secret, NAME ,scopes\r\n9f31c7a20b64e8d5, Backup ,\r\n\r\n\
                    \"fedcba\n9876543210\",Two,all\n9f31c7a20b64e8dX,Three,\"admin:read render\"\n";
        let read = lines(text).unwrap();
        let names: Vec<_> = read.imports.iter().map(|it| it.new.name.as_str()).collect();
        assert_eq!((read.count, &names[..]), (3, &["Backup"][..]));
        let wrong: Vec<u64> = read.mistakes.iter().map(|mistake| mistake.line).collect();
        assert_eq!(wrong, [4, 6], "{:?}", read.mistakes);
    }

    #[test]
    fn lines_that_end_as_on_windows_are_counted_alike() {
        let text = "name,secret\n\nA,weak\nB,\"we\n\nak\"\n\n\nC,weak";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let read = lines(&text).unwrap();
            let wrong: Vec<u64> = read.mistakes.iter().map(|it| it.line).collect();
            assert_eq!(wrong, [3, 4, 9], "{text:?}");
        }
    }

    #[test]
    fn the_columns_have_to_be_named() {
        for text in [
            "",
            "name\n",
            "secret\n",
            "name;secret\n",
            "name,secret,colour\n",
            "name,secret,name\n",
            "Backup,9f31c7a20b64e8d5\n",
        ] {
            assert!(matches!(lines(text), Err(Unreadable::Columns)), "{text:?}");
        }
    }

    #[test]
    fn what_stands_twice_is_named_with_where_it_stood_first() {
        let text = "name,secret,owner\n\
                    Backup,9f31c7a20b64e8d5,\n\
                    BACKUP,9f31c7a20b64e8dX,\n\
                    Other,9f31c7a20b64e8d5,\n\
                    Backup,9f31c7a20b64e8dY,mei@northwind.example\n";
        let read = lines(text).unwrap();
        let told: Vec<_> = read.mistakes.iter().map(ToString::to_string).collect();
        let expected = [
            "line 3: name: Line 2 has the same.",
            "line 4: secret: Line 2 has the same.",
        ];
        assert_eq!(told, expected);
        assert_eq!(read.imports.len(), 2, "an MCP token has names of its own");
    }

    #[test]
    fn quotation_marks_are_no_part_of_a_secret() {
        for quoted in ["A, \"9f31c7a20b64e8d5\"", "A,'9f31c7a20b64e8d5'"] {
            let read = lines(&format!("name,secret\n{quoted}\n")).unwrap();
            assert_eq!(
                (read.imports.len(), read.mistakes.len()),
                (0, 1),
                "{quoted}"
            );
        }
        for plain in ["\"A\",\"9f31c7a20b64e8d5\"", "Ada's,9f31c7a20b64e8d5"] {
            let read = lines(&format!("name,secret\n{plain}\n")).unwrap();
            assert_eq!((read.imports.len(), read.mistakes.len()), (1, 0), "{plain}");
        }
    }

    /// All is named at once, whatever else is wrong with a line.
    #[test]
    fn what_stands_twice_is_named_beside_other_mistakes() {
        let text = "name,secret,expires\n\
                    Backup,9f31c7a20b64e8d5,soon\n\
                    Backup,9f31c7a20b64e8d5,30d\n";
        let read = lines(text).unwrap();
        let wrong: Vec<u64> = read.mistakes.iter().map(|mistake| mistake.line).collect();
        assert_eq!(wrong, [2, 3, 3], "{:?}", read.mistakes);
    }

    #[test]
    fn lines_end_as_any_editor_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["name,secret", "A,9f31c7a20b64e8d5", "", "B,x,y", "C"].join(end);
            let read = lines(&text).unwrap();
            let wrong: Vec<u64> = read.mistakes.iter().map(|mistake| mistake.line).collect();
            assert_eq!(wrong, [4, 5], "{end:?}");
        }
    }

    #[test]
    fn bytes_and_fields_that_do_not_fit_spoil_their_line_alone() {
        let text = b"name,secret\nA\xff,9f31c7a20b64e8d5\nB\nC,x,y\nD,9f31c7a20b64e8d5\n";
        let now = "2026-11-25T14:00:00Z".parse().unwrap();
        let read = read(&text[..], now, |_| {}).unwrap();
        let wrong: Vec<u64> = read.mistakes.iter().map(|mistake| mistake.line).collect();
        assert_eq!((wrong, read.imports.len()), (vec![2, 3, 4], 1));
    }
}
