"""ReadPhotoCredential: whether a photo came with Content Credentials, and whether they hold."""
