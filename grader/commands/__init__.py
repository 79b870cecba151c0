"""The command line's verbs; each imports what it needs when it is called."""
