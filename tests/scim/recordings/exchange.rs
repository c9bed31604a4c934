//! What a file of recordings says.

pub struct Exchange {
    pub title: String,
    pub request: Message,
    pub answer: Message,
}

pub struct Message {
    /// `GET /scim/v2/Users HTTP/1.1`, or the status of an answer.
    pub start: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// At least one.
pub fn exchanges(text: &str) -> Result<Vec<Exchange>, String> {
    let mut parts = text.split("\n### ");
    let head = parts.next().unwrap_or_default();
    if !head.contains("# Source: https://") {
        return Err("it does not say where it is from".to_owned());
    }
    let exchanges: Vec<Exchange> = parts.map(exchange).collect::<Result<_, _>>()?;
    if exchanges.is_empty() {
        return Err("nothing is sent".to_owned());
    }
    Ok(exchanges)
}

fn exchange(part: &str) -> Result<Exchange, String> {
    let (title, rest) = part.split_once('\n').unwrap_or((part, ""));
    let lines = rest.lines().filter(|line| !line.starts_with('#'));
    let rest = lines.collect::<Vec<_>>().join("\n");
    let (request, answer) = rest
        .split_once("\n\nHTTP/1.1 ")
        .ok_or_else(|| format!("no answer: {title}"))?;
    Ok(Exchange {
        title: title.to_owned(),
        request: message(request)?,
        answer: message(answer)?,
    })
}

fn message(text: &str) -> Result<Message, String> {
    let text = text.trim();
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let start = lines.next().unwrap_or_default().to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_owned(), value.to_owned()))
    };
    let headers = lines.map(|line| header(line).ok_or_else(|| format!("no header: {line}")));
    Ok(Message {
        start,
        headers: headers.collect::<Result<_, _>>()?,
        body: body.to_owned(),
    })
}

#[test]
fn exchanges_are_read_as_they_are_written_down() {
    let text = "# Source: https://x.example\n\n### First\n# Why.\n\nPUT /a?b=%20 HTTP/1.1\n\
        Accept: a; b: c\n\n{\n  \"a\": 1\n}\n\nHTTP/1.1 200 OK\nETag: 1\n\n{}\n\n\
        ### Second\n\nGET /a HTTP/1.1\n\nHTTP/1.1 204 No Content\n";
    let [first, second] = &exchanges(text).unwrap()[..] else {
        panic!("not two");
    };
    assert_eq!((&*first.title, &*second.title), ("First", "Second"));
    assert_eq!(first.request.start, "PUT /a?b=%20 HTTP/1.1");
    assert_eq!(
        first.request.headers,
        [("Accept".to_owned(), "a; b: c".to_owned())]
    );
    assert_eq!(first.request.body, "{\n  \"a\": 1\n}");
    assert_eq!(
        (&*first.answer.start, &*first.answer.body),
        ("200 OK", "{}")
    );
    assert_eq!(first.answer.headers.len(), 1);
    assert_eq!(second.answer.start, "204 No Content");
    assert_eq!(second.request.body.len() + second.answer.body.len(), 0);
}

#[test]
fn what_is_no_recording_is_refused() {
    let source = "# Source: https://x.example\n";
    for (rest, why) in [
        ("", "nothing is sent"),
        ("\n### A\n\nGET /a HTTP/1.1\n", "no answer: A"),
        (
            "\n### A\n\nGET /a HTTP/1.1\nx\n\nHTTP/1.1 200 OK\n",
            "no header: x",
        ),
    ] {
        let refused = exchanges(&format!("{source}{rest}"));
        assert_eq!(refused.err().as_deref(), Some(why));
    }
    let nowhere = exchanges("### A\n\nGET /a HTTP/1.1\n\nHTTP/1.1 200 OK\n");
    assert!(nowhere.err().unwrap().contains("where it is from"));
}
