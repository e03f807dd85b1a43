"""The header that names a delivered file.

https://www.rfc-editor.org/rfc/rfc6266
"""

import re
from urllib.parse import quote


def content_disposition(filename: str, *, attachment: bool) -> str:
    """Return the value of `Content-Disposition` for a file that is saved, or shown in its page.

    `filename*` is the name in UTF-8 (RFC 8187). Old clients read `filename`, in which `_` replaces
    all characters that they may misread.
    """
    kind = "attachment" if attachment else "inline"
    # A client must not take a part of the name for a folder.
    name = re.sub(r"[/\\]", "_", filename)
    plain = re.sub(r"[^ !#-$&-~]", "_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
