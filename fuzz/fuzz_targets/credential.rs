//! What a request's headers bring: a second reading, written without the first one's means,
//! agrees. So nothing is taken for a token that does not have a token's checksum, and never one
//! of two.

#![no_main]

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tokendesk::gate::Credential;
use tokendesk::secret::Digest;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[derive(Arbitrary, Debug)]
struct Sent<'a> {
    place: Place,
    value: Vec<Part<'a>>,
}

#[derive(Arbitrary, Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Authorization,
    ApiToken,
    Elsewhere,
}

#[derive(Arbitrary, Debug)]
enum Part<'a> {
    Bytes(&'a [u8]),
    Bearer,
    Basic,
    Token(Token),
    Base64(Vec<Plain<'a>>),
}

#[derive(Arbitrary, Debug)]
enum Plain<'a> {
    Bytes(&'a [u8]),
    Colon,
    Token(Token),
}

/// Like one of ours; with `spoilt`, that character of it is another.
#[derive(Arbitrary, Debug)]
struct Token {
    prefix: [u8; 3],
    random: [u8; 32],
    spoilt: Option<(u8, u8)>,
}

impl Token {
    fn write(&self) -> Vec<u8> {
        let prefix = self.prefix.map(|byte| b'a' + byte % 26);
        let random = self.random.map(|byte| BASE62[usize::from(byte) % 62]);
        let mut token = [&prefix[..], b"_", &random[..]].concat();
        token.extend(checksum(&token));
        if let Some((at, byte)) = self.spoilt {
            let at = usize::from(at) % token.len();
            token[at] = byte;
        }
        token
    }
}

impl Part<'_> {
    fn write(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Bearer => b"Bearer ".to_vec(),
            Self::Basic => b"Basic ".to_vec(),
            Self::Token(token) => token.write(),
            Self::Base64(parts) => {
                let parts: Vec<Vec<u8>> = parts.iter().map(Plain::write).collect();
                STANDARD.encode(parts.concat()).into_bytes()
            }
        }
    }
}

impl Plain<'_> {
    fn write(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Colon => b":".to_vec(),
            Self::Token(token) => token.write(),
        }
    }
}

/// A second reading: the tokens in it, or what else it is.
#[derive(Debug, Eq, PartialEq)]
enum Reading {
    Missing,
    Malformed,
    Several,
    Token(Vec<u8>),
}

fn read(values: &[(Place, Vec<u8>)]) -> Reading {
    let sent: Vec<_> = values
        .iter()
        .filter(|(place, _)| *place != Place::Elsewhere)
        .collect();
    let [(place, value)] = sent[..] else {
        return if sent.is_empty() {
            Reading::Missing
        } else {
            Reading::Several
        };
    };
    if value
        .iter()
        .any(|byte| !matches!(byte, b'\t' | b' '..=b'~'))
    {
        return Reading::Malformed;
    }
    let value = trimmed(value);
    if *place == Place::ApiToken {
        return one_of(&[value]);
    }
    let Some(space) = value.iter().position(|byte| *byte == b' ') else {
        return Reading::Malformed;
    };
    let rest = trimmed(&value[space + 1..]);
    match &value[..space].to_ascii_lowercase()[..] {
        b"bearer" => one_of(&[rest]),
        b"basic" if is_token(rest) => one_of(&[rest]),
        b"basic" => {
            let Some(decoded) = unbase64(rest).filter(|it| std::str::from_utf8(it).is_ok()) else {
                return Reading::Malformed;
            };
            let parts: Vec<&[u8]> = decoded.splitn(2, |byte| *byte == b':').collect();
            one_of(&parts)
        }
        _ => Reading::Malformed,
    }
}

fn one_of(candidates: &[&[u8]]) -> Reading {
    let mut tokens: Vec<&[u8]> = candidates
        .iter()
        .copied()
        .filter(|it| is_token(it))
        .collect();
    tokens.dedup();
    match tokens[..] {
        [] => Reading::Malformed,
        [token] => Reading::Token(token.to_vec()),
        _ => Reading::Several,
    }
}

fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn is_token(text: &[u8]) -> bool {
    let length = text.len();
    if !(2 + 39..=12 + 39).contains(&length) {
        return false;
    }
    let (body, sum) = text.split_at(length - 6);
    let (prefix, rest) = body.split_at(length - 39);
    prefix
        .iter()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
        && rest[0] == b'_'
        && rest[1..].iter().all(|byte| BASE62.contains(byte))
        && sum == checksum(body)
}

/// CRC-32 bit by bit, in base62.
fn checksum(body: &[u8]) -> [u8; 6] {
    let mut crc = u32::MAX;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    let number = u64::from(!crc);
    [5, 4, 3, 2, 1, 0].map(|power| BASE62[(number / 62_u64.pow(power) % 62) as usize])
}

/// As RFC 4648 has it, whole and with all of its padding.
fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bits = Vec::new();
    for byte in &text[..text.len() - padding] {
        let value = digits.iter().position(|digit| digit == byte)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let (whole, rest) = bits.split_at(bits.len() / 8 * 8);
    let is_padded = rest.iter().all(|bit| *bit == 0);
    let bytes = whole
        .chunks(8)
        .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | *bit as u8));
    is_padded.then(|| bytes.collect())
}

fuzz_target!(|sent: Vec<Sent<'_>>| {
    let mut headers = HeaderMap::new();
    let mut values = Vec::new();
    for Sent { place, value } in sent {
        let written = value.iter().map(Part::write).collect::<Vec<_>>().concat();
        let Ok(value) = HeaderValue::from_bytes(&written) else {
            continue;
        };
        let name = match place {
            Place::Authorization => "authorization",
            Place::ApiToken => "x-api-token",
            Place::Elsewhere => "x-token",
        };
        headers.append(HeaderName::from_static(name), value);
        values.push((place, written));
    }
    let agrees = match (Credential::of(&headers), read(&values)) {
        (Credential::Token(digest), Reading::Token(token)) => {
            digest == Digest::of(std::str::from_utf8(&token).unwrap())
        }
        (Credential::Missing, Reading::Missing)
        | (Credential::Malformed | Credential::Foreign(_), Reading::Malformed)
        | (Credential::Several, Reading::Several) => true,
        _ => false,
    };
    assert!(
        agrees,
        "{:?}, and {:?}",
        Credential::of(&headers),
        read(&values)
    );
});
