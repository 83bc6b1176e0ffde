"""Images: decode-once ingest, files, and what is found again after a crash."""
