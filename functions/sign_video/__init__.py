"""SignVideo: Content Credentials (C2PA), signed by KMS and read back before they leave."""
