"""LabelVideo: one re-encode after which the clip says, seen and read, what it is."""
