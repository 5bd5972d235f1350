"""A pack of rules for qw-codemod."""
