"""What `typing` lacks before Python 3.11, as far as readers of these types need it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import NotRequired, TypedDict
elif sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    from typing import TypedDict

    NotRequired = {}

__all__ = ["NotRequired", "TypedDict"]
