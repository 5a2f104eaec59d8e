//! Headers that repeat what a body says, so that the way to a server can depend on it (MCP 2026-07-28).
//!
//! The gateway judges the body. Whoever goes by a header that says something else would let a call pass that nobody judged.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gait_canon::json::{self, Object, Part, Value};

use crate::catalog::{Definition, Tool};
use crate::era;

/// The revision that a request follows.
pub(crate) const VERSION: &str = "mcp-protocol-version";
/// What is asked.
pub(crate) const METHOD: &str = "mcp-method";
/// The tool, prompt or resource.
pub(crate) const NAME: &str = "mcp-name";
/// What headers begin with that repeat an argument.
const PARAMETER: &str = "mcp-param-";
/// The first revision that repeats.
const FIRST_REVISION: &str = "2026-07-28";
/// The member of an argument's schema that wants it repeated.
const ANNOTATION: &str = "x-mcp-header";
/// How deep in a schema a mirrored argument may be.
const MAX_DEPTH: usize = 16;

/// A header that does not say what the body says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mismatch {
    /// It is not there.
    #[error("the header {0} is missing")]
    Missing(String),
    /// It is there more than once.
    #[error("the header {0} is there more than once")]
    Twice(String),
    /// It says something else.
    #[error("the header {0} does not say what the body says")]
    Differs(String),
}

/// What a message says that headers may repeat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    /// What it is about; none for an answer.
    pub(crate) method: Option<&'a str>,
    /// The rest of it.
    pub(crate) params: Option<Part<'a>>,
    /// Whether an answer is expected.
    pub(crate) is_request: bool,
}

impl<'a> Said<'a> {
    /// The revision that the message says it follows.
    pub(crate) fn version(&self) -> Option<&'a str> {
        self.params?.get("_meta")?.get(era::PROTOCOL_VERSION)?.as_str()
    }

    /// The tool, prompt or resource that the message is about.
    pub(crate) fn name(&self) -> Option<&'a str> {
        let member = match self.method? {
            "tools/call" | "prompts/get" => "name",
            "resources/read" => "uri",
            _ => return None,
        };
        self.params?.get(member)?.as_str()
    }

    /// Holds headers against the message. Arguments are looked at by [`check_arguments`].
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Mismatch> {
        let version = self.version();
        let stated = one(headers, VERSION)?;
        match version {
            Some(_) => require(VERSION, stated.as_deref(), version, true)?,
            None if self.is_request && stated.is_some_and(|stated| *stated >= *FIRST_REVISION) => {
                return Err(Mismatch::Differs(VERSION.to_owned()));
            }
            None => {}
        }
        let must_repeat = version.is_some();
        require(METHOD, one(headers, METHOD)?.as_deref(), self.method, must_repeat)?;
        require(NAME, one(headers, NAME)?.as_deref(), self.name(), must_repeat)?;
        let has_arguments = self.method == Some("tools/call");
        match parameters(headers).next() {
            Some(name) if !has_arguments => Err(Mismatch::Differs(name.to_owned())),
            _ => Ok(()),
        }
    }
}

/// Holds the headers that repeat arguments of a call of `tool` against these.
pub(crate) fn check_arguments(
    headers: &HeaderMap,
    tool: &Tool,
    arguments: &Object,
    must_repeat: bool,
) -> Result<(), Mismatch> {
    let mirrored = of_arguments(&tool.definition.value, arguments);
    for (header, value) in &mirrored {
        require(
            header,
            one(headers, header)?.as_deref(),
            value.as_deref(),
            must_repeat,
        )?;
    }
    let foreign = parameters(headers).find(|name| mirrored.iter().all(|(known, _)| known != name));
    foreign.map_or(Ok(()), |name| Err(Mismatch::Differs(name.to_owned())))
}

/// The headers that repeat `arguments` of a call of the tool that `definition` describes, and what they say.
pub(crate) fn of_arguments(definition: &Value, arguments: &Object) -> Vec<(String, Option<String>)> {
    let mut mirrored = Vec::new();
    if let Some(schema) = definition.get("inputSchema").and_then(Value::as_object) {
        collect(schema, Some(arguments), &mut mirrored, MAX_DEPTH);
    }
    mirrored
}

/// Whether a definition wants arguments repeated in a way that a client over HTTP must turn down: under a name that no header
/// can have or that two arguments share, for an argument that is more than one value, or where it depends on other arguments
/// which schema counts.
pub(crate) fn cannot_follow(definition: &Definition) -> bool {
    let Some(schema) = definition.value.get("inputSchema").and_then(Value::as_object) else {
        return false;
    };
    let mut names = Vec::new();
    schema.get(ANNOTATION).is_some() || !are_sound(schema, Some(MAX_DEPTH), &mut names)
}

/// Whether every annotation below `schema` can be followed, and `names` are all that it asks for. `depth` is how far a chain of
/// properties may still go; there is none where another keyword stands in between.
fn are_sound(schema: &Object, depth: Option<usize>, names: &mut Vec<String>) -> bool {
    schema.iter().all(|(keyword, value)| match keyword {
        "properties" => value.as_object().is_none_or(|properties| {
            properties.iter().all(|(_, property)| {
                property.as_object().is_none_or(|property| {
                    let depth = depth.and_then(|depth| depth.checked_sub(1));
                    is_sound(property, depth, names) && are_sound(property, depth, names)
                })
            })
        }),
        // What stands there is data and no schema.
        "const" | "enum" | "default" | "examples" => true,
        _ => has_none(value),
    })
}

/// Whether the annotation of one property can be followed, if it has one.
fn is_sound(property: &Object, depth: Option<usize>, names: &mut Vec<String>) -> bool {
    let Some(annotation) = property.get(ANNOTATION) else {
        return true;
    };
    let kind = property.get("type").and_then(Value::as_str);
    let is_one_value = matches!(kind, Some("string" | "integer" | "number" | "boolean"));
    let name = annotation.as_str().map(str::to_ascii_lowercase);
    let name = name.filter(|name| HeaderName::from_bytes(name.as_bytes()).is_ok() && !names.contains(name));
    let is_sound = depth.is_some() && is_one_value && name.is_some();
    names.extend(name);
    is_sound
}

/// Whether nothing in a part of a schema is annotated.
fn has_none(value: &Value) -> bool {
    match value {
        Value::Object(object) => {
            object.get(ANNOTATION).is_none() && object.iter().all(|(_, member)| has_none(member))
        }
        Value::Array(items) => items.iter().all(has_none),
        _ => true,
    }
}

/// The headers that `schema` asks for, and what they must say.
fn collect(
    schema: &Object,
    arguments: Option<&Object>,
    mirrored: &mut Vec<(String, Option<String>)>,
    depth: usize,
) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flat_map(Object::iter) {
        let value = arguments.and_then(|arguments| arguments.get(name));
        if let Some(header) = property.get(ANNOTATION).and_then(Value::as_str) {
            let header = format!("{PARAMETER}{}", header.to_ascii_lowercase());
            mirrored.push((header, value.and_then(text)));
        }
        if let Some(inner) = property.as_object().filter(|_| depth > 0) {
            collect(inner, value.and_then(Value::as_object), mirrored, depth - 1);
        }
    }
}

/// A value as a header says it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(json::compact(value)),
    }
}

fn parameters(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| name.starts_with(PARAMETER))
}

/// Whether `stated` is what the body says.
fn require(
    header: &str,
    stated: Option<&str>,
    said: Option<&str>,
    must_repeat: bool,
) -> Result<(), Mismatch> {
    match (stated, said) {
        (None, None) => Ok(()),
        (None, Some(_)) if !must_repeat => Ok(()),
        (None, Some(_)) => Err(Mismatch::Missing(header.to_owned())),
        (Some(stated), Some(said)) if stated == said => Ok(()),
        (Some(_), _) => Err(Mismatch::Differs(header.to_owned())),
    }
}

/// The text of a header that may be there once. Texts beyond ASCII stand in base64.
fn one(headers: &HeaderMap, name: &str) -> Result<Option<String>, Mismatch> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Mismatch::Twice(name.to_owned()));
    }
    let differs = || Mismatch::Differs(name.to_owned());
    let text = value.to_str().map_err(|_| differs())?.trim();
    let encoded = text
        .strip_prefix("=?base64?")
        .and_then(|text| text.strip_suffix("?="));
    let Some(encoded) = encoded else {
        return Ok(Some(text.to_owned()));
    };
    let bytes = STANDARD.decode(encoded).map_err(|_| differs())?;
    String::from_utf8(bytes).map(Some).map_err(|_| differs())
}

/// A text as the value of a header: as it is where every reader gives it back so, else in base64.
pub(crate) fn encoded(text: &str) -> HeaderValue {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && text.trim() == text
        && !text.starts_with("=?");
    let plain = is_plain.then(|| HeaderValue::try_from(text).ok()).flatten();
    plain.unwrap_or_else(|| {
        let encoded = format!("=?base64?{}?=", STANDARD.encode(text));
        HeaderValue::try_from(encoded).unwrap_or_else(|_| HeaderValue::from_static(""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Definition, Review};
    use crate::frame;

    const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    fn checked(method: &str, params: &str, pairs: &[(&str, &str)]) -> String {
        let document = frame::read(params.as_bytes()).unwrap();
        let said = Said {
            method: Some(method),
            params: Some(document.root()),
            is_request: true,
        };
        match said.check(&headers(pairs)) {
            Ok(()) => "ok".to_owned(),
            Err(Mismatch::Missing(name)) => format!("missing {name}"),
            Err(Mismatch::Twice(name)) => format!("twice {name}"),
            Err(Mismatch::Differs(name)) => format!("differs {name}"),
        }
    }

    #[test]
    fn headers_say_what_the_body_says() {
        let version = (VERSION, "2026-07-28");
        let modern = format!("{{\"name\":\"lesen ü\",{META}}}");
        let method = (METHOD, "tools/call");
        let encoded = (NAME, "=?base64?bGVzZW4gw7w=?=");
        for (call, params, pairs, expected) in [
            (
                "tools/call",
                modern.as_str(),
                &[version, method, encoded][..],
                "ok",
            ),
            ("tools/call", &modern, &[version, method], "missing mcp-name"),
            ("tools/call", &modern, &[version, encoded], "missing mcp-method"),
            (
                "tools/call",
                &modern,
                &[method, encoded],
                "missing mcp-protocol-version",
            ),
            (
                "tools/call",
                &modern,
                &[version, method, encoded, (NAME, "other")],
                "twice mcp-name",
            ),
            (
                "tools/call",
                &modern,
                &[version, method, (NAME, "other")],
                "differs mcp-name",
            ),
            (
                "tools/call",
                &modern,
                &[version, (METHOD, "tools/list"), encoded],
                "differs mcp-method",
            ),
            (
                "tools/call",
                &modern,
                &[(VERSION, "2025-11-25"), method, encoded],
                "differs mcp-protocol-version",
            ),
            (
                "tools/call",
                &modern,
                &[version, method, (NAME, "=?base64?!?=")],
                "differs mcp-name",
            ),
            // The era before repeats nothing, but what is repeated must be so.
            ("tools/call", r#"{"name":"a"}"#, &[(VERSION, "2025-11-25")], "ok"),
            (
                "tools/call",
                r#"{"name":"a"}"#,
                &[(NAME, "b")],
                "differs mcp-name",
            ),
            ("ping", "{}", &[(METHOD, "tools/call")], "differs mcp-method"),
            ("ping", "{}", &[version], "differs mcp-protocol-version"),
            ("ping", "{}", &[("mcp-param-x", "1")], "differs mcp-param-x"),
        ] {
            assert_eq!(checked(call, params, pairs), expected, "{params} {pairs:?}");
        }
    }

    #[test]
    fn headers_say_what_the_arguments_say() {
        let tool = r#"{"name":"t","inputSchema":{"properties":{"region":{"type":"string","x-mcp-header":"Region"},
            "deep":{"properties":{"n":{"type":"integer","x-mcp-header":"N"}}}}}}"#;
        let document = frame::read(tool.as_bytes()).unwrap();
        let permits = |_: &str| true;
        let review = Review {
            pins: None,
            permits: &permits,
        };
        let catalog = Catalog::of(vec![Definition::read(document.root()).unwrap()], review).unwrap();
        let tool = catalog.get("t").unwrap();
        for (arguments, pairs, passes) in [
            ("{}", &[][..], true),
            (r#"{"region":"eu"}"#, &[("mcp-param-region", "eu")], true),
            (r#"{"region":"eu"}"#, &[], false),
            (r#"{"region":"eu"}"#, &[("mcp-param-region", "us")], false),
            ("{}", &[("mcp-param-region", "us")], false),
            (r#"{"deep":{"n":7}}"#, &[("mcp-param-n", "7")], true),
            (r#"{"deep":{"n":7}}"#, &[("mcp-param-n", "8")], false),
            ("{}", &[("mcp-param-other", "1")], false),
        ] {
            let value = json::parse(arguments.as_bytes()).unwrap();
            let arguments = value.as_object().unwrap();
            let result = check_arguments(&headers(pairs), tool, arguments, true);
            assert_eq!(result.is_ok(), passes, "{pairs:?}");
        }
    }

    #[test]
    fn what_no_client_can_follow_is_found() {
        for (properties, cannot) in [
            (
                r#""a":{"type":"string","x-mcp-header":"A"},"b":{"type":"integer","x-mcp-header":"B-2"}"#,
                false,
            ),
            (
                r#""a":{"type":"object","properties":{"b":{"type":"boolean","x-mcp-header":"A"}}}"#,
                false,
            ),
            (r#""x-mcp-header":{"type":"string"}"#, false),
            (r#""a":{"default":{"x-mcp-header":"A"}}"#, false),
            (r#""a":{"type":"string","x-mcp-header":""}"#, true),
            (r#""a":{"type":"string","x-mcp-header":"A B"}"#, true),
            (r#""a":{"type":"string","x-mcp-header":"A\r\nB"}"#, true),
            (r#""a":{"type":"string","x-mcp-header":7}"#, true),
            (
                r#""a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}"#,
                true,
            ),
            (r#""a":{"type":"object","x-mcp-header":"A"}"#, true),
            (r#""a":{"x-mcp-header":"A"}"#, true),
            (
                r#""a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}"#,
                true,
            ),
            (r#""a":{"anyOf":[{"type":"string","x-mcp-header":"A"}]}"#, true),
        ] {
            let listed =
                format!(r#"{{"name":"t","inputSchema":{{"type":"object","properties":{{{properties}}}}}}}"#);
            let document = frame::read(listed.as_bytes()).unwrap();
            let definition = Definition::read(document.root()).unwrap();
            assert_eq!(cannot_follow(&definition), cannot, "{properties}");
        }
    }
}
