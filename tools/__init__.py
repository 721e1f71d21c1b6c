"""Running, storing and editing the notebooks: `python -m tools --help`.

python -m tools run --profile smoke        every notebook, and an index page of what came out
python -m tools run --profile lesson 03    one of them
python -m tools store 03                   the outputs of that run into notebooks/03_….ipynb
python -m tools text 03                    build/text/03_….py, to edit in any editor (py:percent)
python -m tools notebook 03                and back; cells that did not change keep id and outputs
python -m tools links                      badges and addresses, after a fork or for a release
"""
