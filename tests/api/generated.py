"""What a client can do that was generated from the document and knows nothing else.

Called with where it was generated, the server's address, an API token and an email.
"""

import io
import sys

where, address, secret, email = sys.argv[1:]
sys.path.insert(0, where)

from tokendesk_client import AuthenticatedClient
from tokendesk_client.api.gate import verify_token
from tokendesk_client.api.members import list_members
from tokendesk_client.api.products import create_product, list_products
from tokendesk_client.api.resources import export_resources, import_resources
from tokendesk_client.api.tokens import (
    create_token,
    edit_token,
    list_tokens,
    revoke_tokens,
    show_token,
)
from tokendesk_client.api.user import generate_my_mcp_token, show_me
from tokendesk_client.models import (
    ApiScope,
    Leak,
    NewMcpToken,
    NewProduct,
    NewToken,
    Problem,
    Question,
    TokenEdit,
)
from tokendesk_client.types import File

client = AuthenticatedClient(base_url=address, token=secret)

products = [
    create_product.sync(client=client, body=NewProduct(name=f"Product {n}", key=f"p{n}"))
    for n in range(3)
]
names, cursor = [], None
while True:
    more = {"cursor": cursor} if cursor else {}
    page = list_products.sync(client=client, limit=2, **more)
    names += [product.name for product in page.items]
    cursor = page.next_cursor
    if cursor is None:
        break
assert names == [product.name for product in products], names

new = NewToken(name="Feed", scopes=[ApiScope.CONNECTREAD], product_id=products[0].id)
made = create_token.sync(client=client, body=new, idempotency_key="feed")
assert made.secret.startswith("p0_") and made.token.product.key == "p0", made
again = create_token.sync(client=client, body=new, idempotency_key="feed")
assert again.token.id == made.token.id and again.secret is None, again
taken = create_token.sync_detailed(client=client, body=new)
assert taken.status_code == 409 and isinstance(taken.parsed, Problem), taken
assert taken.parsed.errors[0].field == "name", taken.parsed

asked = Question(token=made.secret, scope=ApiScope.CONNECTREAD, product="p0", explain=True)
verdict = verify_token.sync(client=client, body=asked)
assert verdict.valid and verdict.name == "Feed" and verdict.checks, verdict

shown = show_token.sync_detailed(made.token.id, client=client)
tag = shown.headers["etag"]
edited = edit_token.sync_detailed(
    made.token.id, client=client, body=TokenEdit(name="Feeds"), if_match=tag
)
assert edited.status_code == 200 and edited.parsed.token.name == "Feeds", edited
stale = edit_token.sync_detailed(
    made.token.id, client=client, body=TokenEdit(name="x"), if_match=tag
)
assert stale.status_code == 412 and stale.parsed.code == "precondition_failed", stale
found = list_tokens.sync(client=client, q="feeds")
assert [token.name for token in found.items] == ["Feeds"], found

stopped = revoke_tokens.sync(client=client, body=Leak(secrets=[made.secret]))
assert stopped.secrets[0].outcome.value == "revoked" and stopped.receipt.summary, stopped
verdict = verify_token.sync(client=client, body=Question(token=made.secret))
assert not verdict.valid and verdict.code.value == "revoked", verdict

catalogue = export_resources.sync_detailed(client=client)
assert catalogue.status_code == 200 and b"[[resource]]" in catalogue.content, catalogue
reports = catalogue.content.decode() + """
[[resource]]
name = "Reports"
path = "/reports"
operations = [{ name = "read", methods = ["GET"], scope = "connect:read" }]
"""
tag = catalogue.headers["etag"]
body = File(payload=io.BytesIO(reports.encode()))
imported = import_resources.sync_detailed(client=client, body=body, if_match=tag)
assert imported.status_code == 200 and imported.parsed.receipt.summary, imported

assert list_members.sync(client=client).items[0].email == email
me = show_me.sync(client=client, x_user_email=email)
assert me.email == email, me
mine = generate_my_mcp_token.sync(
    client=client, x_user_email=email, body=NewMcpToken(name="Laptop")
)
assert mine.secret.startswith("wb_"), mine
