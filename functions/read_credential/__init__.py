"""ReadCredential: what the Content Credentials of an untrusted file say."""
