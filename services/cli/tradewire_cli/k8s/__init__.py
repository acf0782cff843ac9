"""What a cluster needs before the manifests: its secrets."""
