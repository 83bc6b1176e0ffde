"""The database: one small thread pool, tables, and one operations class per subject."""
