"""What Schemathesis has to know beside its configuration.

Data that fits the document is made such that the server takes it, where it asks for something that
no schema can say. Data that does not fit stays as it is.
"""

import copy
import ipaddress
import itertools
import json
import re
import unicodedata

import requests
import schemathesis

NUMBERS = itertools.count()
# A catalogue is text.
schemathesis.serializer.alias("application/toml", "text/plain")


@schemathesis.hook
def before_call(context, case, kwargs):
    number_key(case)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    id = case.operation.definition.raw["operationId"]
    query, body = dict(case.query or {}), copy.deepcopy(case.body)
    if "cursor" in query:
        go_on(case, query)
    if id in OF_QUERIES:
        OF_QUERIES[id](case, query)
    if id in OF_BODIES:
        body = OF_BODIES[id](case, body) or body
    if query != (case.query or {}):
        case.query = query
    if body != case.body:
        case.body = body


# A key that came before is answered with what it made then, which may be deleted by now: Schemathesis
# would miss it. Those that are refused stay as they are.
def number_key(case):
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and len(key) < 256 and re.fullmatch(r"[!-~]([\t -~]*[!-~])?", key):
        number = f"-{next(NUMBERS)}"
        case.headers["Idempotency-Key"] = key[: 255 - len(number)] + number


def look(case, path, **query):
    """What is there now, for whoever sends the case; nothing where they may not see it."""
    headers = dict(case.operation.schema.config.headers_for(operation=case.operation))
    sent = case.headers or {}
    headers |= {name: sent[name] for name in ("Authorization", "x-user-email") if name in sent}
    address = case.operation.base_url.rstrip("/") + path
    answer = requests.get(address, params=query, headers=headers)
    return answer.json() if answer.status_code == 200 else {}


# Only a cursor that a page gave leads on: to the page after the first item.
def go_on(case, query):
    del query["cursor"]
    asked = {name: json.dumps(it) if isinstance(it, bool) else it for name, it in query.items()}
    cursor = look(case, case.formatted_path, **asked | {"limit": 1}).get("next_cursor")
    if cursor:
        query["cursor"] = cursor


# A scope, a tool, or a method with a path.
def name_one_purpose(case, asked):
    names = ["scope", "tool", "method", "path"]
    given = [name for name in names if asked.get(name) is not None]
    if given and given[0] in ("scope", "tool"):
        for name in given[1:]:
            del asked[name]
    elif given == ["method"]:
        asked["path"] = "/"
    elif given == ["path"]:
        asked["method"] = "GET"


def name_purposes(case, body):
    for asked in body if isinstance(body, list) else [body]:
        name_one_purpose(case, asked)


def fit_token(case, body):
    # No token is made that has expired. The calendar repeats itself every 400 years.
    if body.get("expires_at"):
        year, rest = body["expires_at"][:4], body["expires_at"][4:]
        body["expires_at"] = f"{int(year) % 400 + 2400}{rest}"
    # A range begins with its first address.
    if "allowed_ip_ranges" in body:
        body["allowed_ip_ranges"] = [first(text) for text in body["allowed_ip_ranges"]]
    # A product is one of the organisation's.
    if body.get("product_id"):
        products = look(case, "/api/v1/products", limit=1).get("items")
        body["product_id"] = products[0]["id"] if products else None


# It ends by a choice, or at an instant.
def fit_mcp_token(case, body):
    fit_token(case, body)
    if body.get("expires_at"):
        body.pop("expiry", None)


def first(text):
    return str(ipaddress.ip_network(text, strict=False)) if "/" in text else text


# Resources differ in their names, paths and tools. Tools have no methods and places; below a path
# each method is that of one operation, and only what ends in /** has places to tell apart.
def fit_resource(case, body):
    current = look(case, case.formatted_path) if case.method == "PATCH" else {}
    others = [it for it in resources(case) if it["id"] != current.get("id")]
    if "name" in body and folded(body["name"]) in [folded(it["name"]) for it in others]:
        body["name"] = f"Resource {next(NUMBERS)}"
    if case.method == "PATCH":
        if "path" not in body and "operations" not in body:
            return
        body.setdefault("path", current.get("path"))
        body.setdefault("operations", [{"name": "use", "scope": "render"}])
    shapes = [shape(it["path"]) for it in others if it["path"]]
    if body.get("path") and shape(body["path"]) in shapes:
        body["path"] = f"/{next(NUMBERS)}"
    path = (body.get("path") or "").strip()
    tools = [tool["name"] for it in others if not it["path"] for tool in it["operations"]]
    names, methods = set() if path else set(tools), set()
    for number, operation in enumerate(body["operations"]):
        if trimmed(operation["name"]) in names:
            operation["name"] = f"Operation {next(NUMBERS)}"
        names.add(trimmed(operation["name"]))
        if not path.removesuffix("/").endswith("/**"):
            operation.pop("place", None)
        if not path:
            operation.pop("methods", None)
            continue
        own = [it for it in operation.get("methods", []) if it.upper() not in methods]
        # * stands for all others.
        own = ["*"] if "*" in own else own
        operation["methods"] = own or [f"OWN-{chr(65 + number // 26)}{chr(65 + number % 26)}"]
        methods.update(it.upper() for it in operation["methods"])


def resources(case):
    """All of them."""
    more = {"limit": 100}
    while more:
        page = look(case, "/api/v1/resources", **more)
        yield from page.get("items", [])
        cursor = page.get("next_cursor")
        more = {"limit": 100, "cursor": cursor} if cursor else None


JOINERS = "\u200c\u200d\u200e\u200f\ufe0e\ufe0f"


def trimmed(name):
    return re.sub(rf"^[\s{JOINERS}]+", "", name).rstrip()


def folded(name):
    seen = name.translate(dict.fromkeys(map(ord, JOINERS)))
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def shape(path):
    """What two paths have in common that cover the same."""
    parts = path.strip().removesuffix("/").lower().split("/")
    if parts[-1] == "**" or parts[-1].startswith("{*"):
        parts[-1] = "**"
    return ["{}" if part.startswith("{") else part for part in parts]


# Whatever is text becomes a catalogue: of a resource for each word.
def fit_catalogue(case, body):
    words = re.sub(r"[^ -~\u00c0-\u024f]", " ", str(body)).split()[:5]
    return "\n".join(
        f"[[resource]]\nname = {json.dumps(f'{number} {word[:90]}', ensure_ascii=False)}\n"
        f'path = "/{number}/{{id}}"\n'
        'operations = [{ name = "read", methods = ["GET"], scope = "connect:read" }]'
        for number, word in enumerate(words or ["none"])
    )


# API tokens are handed over to another administrator who is there, and to nobody otherwise. What
# becomes of them has to be said if there are any.
def say_farewell(case, farewell):
    if farewell.get("api_tokens") == "hand-over":
        name_heir(case, farewell, "keep")
        return
    farewell.pop("heir_id", None)
    if farewell.get("api_tokens") is None:
        member = look(case, f"/api/v1/members/{case.path_parameters['id']}")
        if member.get("api_tokens"):
            farewell["api_tokens"] = "keep"


def hand_over(case, handover):
    if handover["api_tokens"] == "hand-over":
        name_heir(case, handover, "revoke")
    else:
        handover.pop("heir_id", None)


def name_heir(case, handover, otherwise):
    there = look(case, "/api/v1/members", view="administrators").get("items", [])
    own = case.path_parameters["id"]
    heirs = [member["id"] for member in there if member["id"] != own]
    if heirs:
        handover["heir_id"] = heirs[0]
    else:
        handover["api_tokens"] = otherwise
        handover.pop("heir_id", None)


# One secret or ID at least, and a thousand of both together.
def name_leaked(case, leak):
    secrets, ids = leak.get("secrets", []), leak.get("ids", [])
    if not secrets and not ids:
        leak["secrets"] = ["wxt_0123456789"]
    elif len(secrets) + len(ids) > 1000:
        leak["ids"] = ids[: 1000 - len(secrets)]


# What is a URI may have a host or a port that is none; and with a / after its host be too long.
def fit_server(case, server):
    host = r"https?://([a-z0-9-]+\.)*[a-z][a-z0-9-]*(:[0-9]{1,4})?([/?#].*)?"
    url = server.get("url", "")
    if "url" in server and (len(url) == 500 or not re.fullmatch(host, url, re.IGNORECASE)):
        server["url"] = "https://mcp.example.com/"


# Nobody is called as the audit log calls programs, in whatever case or shape of letters.
def fit_person(case, person):
    name = folded(person["name"])
    if name in ("auth_secret", "command line") or name.startswith("api token"):
        person["name"] = "Mei Tanaka"


OF_QUERIES = {
    "explainToken": name_one_purpose,
    "explainMcpToken": name_one_purpose,
    "removeMember": say_farewell,
}
OF_BODIES = {
    "verifyToken": name_purposes,
    "createToken": fit_token,
    "editToken": fit_token,
    "generateMyMcpToken": fit_mcp_token,
    "createResource": fit_resource,
    "editResource": fit_resource,
    "importResources": fit_catalogue,
    "deactivateMember": say_farewell,
    "handOverApiTokens": hand_over,
    "inviteMember": fit_person,
    "revokeTokens": name_leaked,
    "addMcpServer": fit_server,
    "editMcpServer": fit_server,
}
