"""How the local models are made from pinned packages and the weights that come with Tidegate; see :mod:`.command`."""
