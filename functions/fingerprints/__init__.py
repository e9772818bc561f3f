"""By what copies of a photo or a clip are known again: PDQ, and ISCC's Video-Code."""
