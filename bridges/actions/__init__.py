"""The actions plugins may ask for, one module for each family."""
