"""Running, storing and editing the notebooks: `python -m colorlib.course --help`.

python -m colorlib.course run --profile smoke        every notebook, and an index page of what came out
python -m colorlib.course run --profile lesson 03    one of them
python -m colorlib.course store 03                   the outputs of that run into notebooks/03_….ipynb
python -m colorlib.course text 03                    build/text/03_….py, to edit in any editor (py:percent)
python -m colorlib.course notebook 03                and back; cells that did not change keep id and outputs
python -m colorlib.course links                      badges and addresses, after a fork or for a release
"""
