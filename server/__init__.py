"""The functions on servers of one's own, without Lambda: each module with a `main` is a process."""
