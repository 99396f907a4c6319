"""How providers are reached, read and paced; the SDKs are imported here alone."""
