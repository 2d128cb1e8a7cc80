"""The interview: questions, a sample of the user's own data, and a design that runs as it stands."""
