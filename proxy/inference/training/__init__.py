"""Training of the weights that no package has, with their data cards. Needs torch; nothing here runs later on."""
