"""The production checklist of one account: what is measured, a small pure function for each row, and the record."""
