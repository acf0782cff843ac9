"""Backups: one sealed file a backup, made from Postgres in one snapshot, and the log made anew from it."""
