"""The command line, and everything on one machine under one supervisor."""

OWNER = "owner"
"""The person whose key a new installation has, and as whom the command line speaks unless told."""
