"""The only HTTP-server code. Start reading at :mod:`proxy.server.app`; the heart is :mod:`proxy.server.relay`."""
