"""The one seam through which a stored body becomes what a recipient sees; by default everything.

What a recipient may see can be less than all: minimum necessary and labels are put in here, for every outlet at once.
"""

from app.store.resources import Stored


def projection(stored: Stored) -> bytes:
    """The bytes of one version for a recipient who may see the resource."""
    return stored.body
