"""Numbers of the processes of treatments that draw random numbers; those of other scales are below 2000."""

S_PHARMACOKINETICS = 2001
