"""Grades a class's homework: `python -m colorlib grade submitted/ -o grades/`.

`submission` reads notebooks without running them, `sandbox` runs one in a process of its own,
`grade` gives the points, and `report` writes them as a table and a page.
"""
