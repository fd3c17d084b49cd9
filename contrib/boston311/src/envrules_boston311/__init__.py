"""Boston's 311 service requests as a scheme of envrules, and the importer of the city's files."""
