"""Where the server gets its configuration from. The only importer of aiocache."""

from proxy.store.base import StaticStore, Store
from proxy.store.file import FileStore

__all__ = ["FileStore", "StaticStore", "Store"]
