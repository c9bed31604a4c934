"""What Schemathesis has to know beside its configuration."""

import itertools

import schemathesis

NUMBERS = itertools.count()
# A catalogue is text.
schemathesis.serializer.alias("application/toml", "text/plain")


# A key that came before is answered with what it made then, which may be deleted by now: Schemathesis
# would miss it. Those that are refused stay as they are.
@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) < 240 and key.isascii() and key.isprintable():
        case.headers["Idempotency-Key"] = f"{key}{next(NUMBERS)}"
