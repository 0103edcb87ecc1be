"""The platform's own images: named by their inputs, built where missing, loaded without a registry.

`refs` names them, `names_of` is its inverse, `ensure_loaded` brings them into a cluster.
"""

from tools.images.catalogue import IMAGES, names_of, refs
from tools.images.loading import Source, Store, ensure_loaded

__all__ = ["IMAGES", "Source", "Store", "ensure_loaded", "names_of", "refs"]
