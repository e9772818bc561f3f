"""pack_records: the fingerprints of all clips, in one file that is quickly looked through."""
