"""The reader: folds the log into the read model, and answers for it with snapshots, queries and announcements."""
