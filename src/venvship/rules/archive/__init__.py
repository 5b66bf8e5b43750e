"""Archives: tar and zip files of anything that the build reads or makes.

Everything that is packed is planned as entries first (`venvship.archives.layer`), so that a path has one owner, a link
keeps its text, and one source may lie at any number of places.
"""
