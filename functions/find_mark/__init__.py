"""FindMark: the mark and the fingerprints of an untrusted video or still."""
