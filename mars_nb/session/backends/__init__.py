"""What executes: this machine's threads, or a cluster."""
