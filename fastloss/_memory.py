"""Whether the memory of an earlier result can be written again."""

import sys

# Whether a count of references says that nobody has an array any more: not where threads of Python run at once.
CAN_COUNT = hasattr(sys, "getrefcount") and getattr(sys, "_is_gil_enabled", lambda: True)()
