"""One description of a board, and what is made from it: rules, parts list, layout file, SPICE topology. README.md."""
