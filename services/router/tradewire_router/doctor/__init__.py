"""What may be wrong between an account and its broker: everything is asked, and each answer becomes a row."""
