"""Models of PhysiCell (``ghaffarizadeh2018``) as descriptions of tissues."""
