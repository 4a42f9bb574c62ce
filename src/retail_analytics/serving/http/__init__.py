"""The warehouse for programs: a small documented API over the published file."""
