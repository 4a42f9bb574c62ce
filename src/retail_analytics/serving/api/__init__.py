"""What every program reads alike: MCP and HTTP are thin faces of this layer.

It knows the published file, answers from it in bounded pages, and computes no figure.
"""
