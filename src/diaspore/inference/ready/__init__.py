"""Parameter sets and cohort files of the ready cancers, written from shipped fits and referenced facts."""
