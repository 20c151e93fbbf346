"""Boolean networks in other programs' formats: MaBoSS, BoolNet and SBML-qual."""
