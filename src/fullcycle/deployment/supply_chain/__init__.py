"""What a release is made of and how it came about: requirements, bill of materials, provenance. They lie beside its bundle."""
