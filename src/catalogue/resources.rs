//! Protected APIs, what is done to them, and which scope that needs; and the pages of
//! *Settings > Resources*, where administrators say so. Whether a token has the scope is the
//! gate's to say.

mod changes;
pub mod draft;
pub mod file;
mod handlers;
mod pages;
pub mod path;
pub mod pattern;
pub mod queries;
mod routes;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use actix_web::web;

use self::path::{Ambiguity, Path};
use self::pattern::{Pattern, Segment};
use self::routes::Routes;
use crate::catalogue::Scope;
use crate::db::types::{id, text_enum};
use crate::web::text::fold;

pub use self::changes::summed_up;

id!(ResourceId);

/// In one organisation: they are all held in memory, and imported by one form.
pub const MOST_RESOURCES: usize = 250;

/// The method that stands for all that no other operation names.
const ANY_METHOD: &str = "*";

/// A protected API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resource {
    pub name: String,
    pub target: Target,
    /// Whether OPTIONS is let through without a credential, for CORS.
    pub preflight: bool,
    pub operations: Vec<Operation>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    Path(Pattern),
    /// The tools of MCP servers; each operation is one, by its name.
    Tools,
}

/// Something that is done to a resource.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Operation {
    pub name: String,
    /// Upper-case; empty for a tool.
    pub methods: Vec<String>,
    pub place: Place,
    pub scope: Scope,
}

text_enum! {
    /// Where in a path and what is below it an operation is done.
    Place {
        Anywhere = "anywhere",
        Itself = "itself",
        Below = "below",
    }
}

impl Place {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Anywhere => "Anywhere",
            Self::Itself => "Path itself",
            Self::Below => "Below it",
        }
    }

    fn holds(self, is_below: bool) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Itself => !is_below,
            Self::Below => is_below,
        }
    }

    /// Whether one place is part of both.
    fn meets(self, other: Self) -> bool {
        [false, true]
            .iter()
            .any(|below| self.holds(*below) && other.holds(*below))
    }
}

impl Resource {
    /// The operation that a method is. One that names it goes before one of any method.
    fn operation(&self, method: &str, is_below: bool) -> Option<&Operation> {
        let of = |method: &str| {
            let mut fitting = self.operations.iter().filter(|it| it.place.holds(is_below));
            fitting.find(|it| it.methods.iter().any(|known| known == method))
        };
        of(method).or_else(|| of(ANY_METHOD))
    }

    /// The pattern, or what stands for it.
    #[must_use]
    pub fn place(&self) -> &str {
        match &self.target {
            Target::Path(pattern) => pattern.as_str(),
            Target::Tools => "MCP tools",
        }
    }
}

/// What a request is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Found<'a> {
    /// It needs the operation's scope.
    Operation(&'a Resource, &'a Operation),
    /// It needs no credential: OPTIONS, of a resource that lets it through.
    Preflight(&'a Resource),
    /// Nothing that the catalogue knows.
    Nothing,
}

impl Found<'_> {
    /// What a caller must bring: that, and not the name, is what readings must agree in.
    fn need(self) -> Option<Option<Scope>> {
        match self {
            Self::Operation(_, operation) => Some(Some(operation.scope)),
            Self::Preflight(_) => Some(None),
            Self::Nothing => None,
        }
    }
}

/// An organisation's catalogue, made to be asked often.
#[derive(Debug, Default)]
pub struct Resources {
    all: Vec<Resource>,
    places: Places,
    /// The same without case, where that is something else.
    folded: Option<Places>,
    tools: HashMap<String, (usize, usize)>,
    /// In any one path that is known. What has more of them is none of these, and all that has more is the
    /// same: so a path of thousands is read as fast as another.
    most_dots: usize,
}

/// What there is at which paths.
#[derive(Debug, Default)]
struct Places {
    routes: Routes,
    /// MCP servers, whose requests name a tool. Without a slash at the end.
    servers: HashSet<String>,
}

/// What a request says of itself, beside its path.
#[derive(Clone, Copy)]
struct Call<'a> {
    method: &'a str,
    tool: Option<&'a str>,
}

impl Resources {
    /// # Errors
    /// All pairs that cannot both be.
    pub fn new(all: Vec<Resource>) -> Result<Self, Vec<Conflict>> {
        Self::with_servers(all, &[])
    }

    /// With the paths of MCP servers.
    ///
    /// # Errors
    /// All pairs of resources that cannot both be.
    pub fn with_servers(all: Vec<Resource>, servers: &[String]) -> Result<Self, Vec<Conflict>> {
        let conflicts = conflicts(&all);
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        let (mut places, mut folded) = (Places::default(), Places::default());
        let mut tools = HashMap::new();
        let is_upper = |text: &str| text.bytes().any(|b| b.is_ascii_uppercase());
        let mut has_case = servers.iter().any(|path| is_upper(path));
        for path in servers.iter().map(|path| path.trim_end_matches('/')) {
            places.servers.insert(path.to_owned());
            folded.servers.insert(fold(path));
        }
        let dots = |path: &str| path.matches('.').count();
        let mut most_dots = servers.iter().map(|path| dots(path)).max().unwrap_or(0);
        for (at, resource) in all.iter().enumerate() {
            let Target::Path(pattern) = &resource.target else {
                let own = resource.operations.iter().enumerate();
                tools.extend(own.map(|(which, tool)| (tool.name.clone(), (at, which))));
                continue;
            };
            has_case |= pattern
                .segments()
                .iter()
                .any(|segment| matches!(segment, Segment::Literal(text) if is_upper(text)));
            most_dots = most_dots.max(dots(pattern.as_str()));
            places.routes.insert(pattern, str::to_owned, at);
            folded.routes.insert(pattern, str::to_ascii_lowercase, at);
        }
        Ok(Self {
            all,
            places,
            folded: Some(folded).filter(|_| has_case),
            tools,
            most_dots,
        })
    }

    #[must_use]
    pub fn all(&self) -> &[Resource] {
        &self.all
    }

    /// What a request with this method (as sent, RFC 9110) and path is. HEAD counts as GET. A
    /// path of lower-case ASCII is found without allocation.
    ///
    /// # Errors
    /// [`Ambiguity::Readings`] if servers could take the path for something that needs another
    /// scope: by not decoding it, by cutting dots and slashes otherwise, by ignoring case, or by
    /// taking what follows the last dot for a format. [`Ambiguity::MethodCase`] if they could do so
    /// by putting the method in upper case.
    pub fn find(&self, method: &str, path: &Path<'_>) -> Result<Found<'_>, Ambiguity> {
        self.find_call(method, path, None)
    }

    /// The same of a request that names a tool. Where a registered MCP server is, the tool says
    /// what the request is; elsewhere it says nothing.
    ///
    /// # Errors
    /// [`Ambiguity::Readings`] and [`Ambiguity::MethodCase`], as above.
    pub fn find_call(
        &self,
        method: &str,
        path: &Path<'_>,
        tool: Option<&str>,
    ) -> Result<Found<'_>, Ambiguity> {
        let method = if method == "HEAD" { "GET" } else { method };
        let call = Call { method, tool };
        let mut readings = path.readings();
        let normal = readings.next().unwrap_or_default();
        let found = self.exact(call, normal);
        let differs = |other: Found| other.need() != found.need();
        if method.bytes().any(|byte| byte.is_ascii_lowercase())
            && differs(self.find_call(&method.to_ascii_uppercase(), path, tool)?)
        {
            return Err(Ambiguity::MethodCase);
        }
        if readings.any(|reading| differs(self.exact(call, reading))) {
            return Err(Ambiguity::Readings);
        }
        for reading in path.readings() {
            let without_case = self.without_case(reading);
            let is_other = |(places, path): (&Places, &str)| {
                let differs_known = |found: Found| found != Found::Nothing && differs(found);
                let mut stems = without_format(path).take(self.most_dots + 2);
                stems.any(|stem| differs_known(self.look(places, call, stem)))
            };
            if let Some((places, folded)) = &without_case
                && (differs(self.look(places, call, folded)) || is_other((places, folded)))
            {
                return Err(Ambiguity::Readings);
            }
            if is_other((&self.places, reading)) {
                return Err(Ambiguity::Readings);
            }
        }
        Ok(found)
    }

    /// The tool of this name, in whichever resource.
    #[must_use]
    pub fn find_tool(&self, name: &str) -> Option<(&Resource, &Operation)> {
        let (resource, operation) = *self.tools.get(name)?;
        let resource = &self.all[resource];
        Some((resource, &resource.operations[operation]))
    }

    fn exact(&self, call: Call<'_>, path: &str) -> Found<'_> {
        self.look(&self.places, call, path)
    }

    /// The path, and what there is at such ones; `None` where case makes no difference.
    fn without_case<'p>(&self, path: &'p str) -> Option<(&Places, Cow<'p, str>)> {
        let has_case = |b: u8| b.is_ascii_uppercase() || !b.is_ascii();
        let folded = path.bytes().any(has_case).then(|| fold(path));
        match (&self.folded, folded) {
            (None, None) => None,
            (places, folded) => Some((
                places.as_ref().unwrap_or(&self.places),
                folded.map_or(Cow::Borrowed(path), Cow::Owned),
            )),
        }
    }

    fn look(&self, places: &Places, Call { method, tool }: Call<'_>, path: &str) -> Found<'_> {
        let tool = tool.filter(|_| method == "POST" && places.servers.contains(path));
        if let Some(tool) = tool {
            return match self.find_tool(tool) {
                Some((resource, operation)) => Found::Operation(resource, operation),
                None => Found::Nothing,
            };
        }
        let Some(route) = places.routes.find(path) else {
            return Found::Nothing;
        };
        let resource = &self.all[route.value];
        if method == "OPTIONS" && resource.preflight {
            return Found::Preflight(resource);
        }
        match resource.operation(method, route.is_below) {
            Some(operation) => Found::Operation(resource, operation),
            None => Found::Nothing,
        }
    }
}

/// `/users` for `/users.json`, which Rails and older Spring take for the same, and the latter for
/// `/users.tar.gz` too.
fn without_format(path: &str) -> impl Iterator<Item = &str> {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    let dots = path[name..].match_indices('.').filter(|(dot, _)| *dot > 0);
    dots.map(move |(dot, _)| &path[..name + dot])
}

/// Two resources that cannot both be, by their names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Conflict {
    Name(String),
    Pattern([(String, Pattern); 2]),
    Tool(String, [String; 2]),
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "Two resources are named “{name}”."),
            Self::Pattern([(one, its), (other, others)]) => write!(
                f,
                "“{one}” ({its}) and “{other}” ({others}) cover the same paths, and neither is \
                 more specific."
            ),
            Self::Tool(tool, [one, other]) => {
                write!(f, "The tool “{tool}” is in “{one}” and in “{other}”.")
            }
        }
    }
}

fn conflicts(all: &[Resource]) -> Vec<Conflict> {
    let mut found = Vec::new();
    let names: Vec<String> = all.iter().map(|resource| fold(&resource.name)).collect();
    for (at, one) in all.iter().enumerate() {
        for (other, name) in all.iter().zip(&names).skip(at + 1) {
            if names[at] == *name {
                found.push(Conflict::Name(other.name.clone()));
            }
            match (&one.target, &other.target) {
                (Target::Path(its), Target::Path(others)) if its.conflicts_with(others) => {
                    let pair = [(one, its), (other, others)];
                    found.push(Conflict::Pattern(
                        pair.map(|(of, pattern)| (of.name.clone(), pattern.clone())),
                    ));
                }
                (Target::Tools, Target::Tools) => {
                    let shared = one.operations.iter().filter(|tool| {
                        other.operations.iter().any(|known| known.name == tool.name)
                    });
                    let names = || [one.name.clone(), other.name.clone()];
                    found.extend(shared.map(|tool| Conflict::Tool(tool.name.clone(), names())));
                }
                _ => {}
            }
        }
    }
    found
}

/// What a new organisation starts with.
///
/// # Panics
/// Never: a test reads it.
#[must_use]
pub fn default_catalogue() -> Vec<Resource> {
    file::read(include_str!("resources/default.toml")).expect("a test reads it")
}

pub fn routes(config: &mut web::ServiceConfig) {
    use handlers::*;
    config.service(
        web::scope("/settings/resources")
            .service(
                web::resource("")
                    .route(web::get().to(index))
                    .route(web::post().to(create)),
            )
            .service(web::resource("/new").route(web::get().to(new)))
            .service(web::resource("/export").route(web::get().to(catalogue::export)))
            .service(
                web::resource("/import")
                    .route(web::get().to(catalogue::import))
                    .route(web::post().to(catalogue::replace)),
            )
            .service(
                web::resource("/reset")
                    .route(web::get().to(catalogue::question))
                    .route(web::post().to(catalogue::reset)),
            )
            .service(
                web::resource("/{id}")
                    .route(web::get().to(edit))
                    .route(web::post().to(update)),
            )
            .service(
                web::resource("/{id}/deletion")
                    .route(web::get().to(deletion::new))
                    .route(web::post().to(deletion::create)),
            ),
    );
}

#[cfg(test)]
mod tests;
