"""InspectPhoto: from an untrusted upload to a clean photo, or to a reason why not."""
