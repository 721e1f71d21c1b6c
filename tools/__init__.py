"""Tools that run, store and publish the notebooks. Run them in the checkout: `python -m tools`.

    python -m tools run --profile smoke        run every notebook and write an index page
    python -m tools run --profile lesson 03    run one of them
    python -m tools store 03                   put the outputs of that run into notebooks/03_….ipynb
    python -m tools text 03                    write build/text/03_….py, to edit in any editor
    python -m tools notebook 03                turn the text back into the notebook
    python -m tools links                      write badges and addresses, after a fork
    python -m tools readme                     write what is measured in the README
    python -m tools diagrams                   draw the diagrams of networks
    python -m tools site                       write the notebooks as pages to read
    python -m tools editions                   write the student's and the teacher's course
    python -m tools assignment                 write the homework, in the formats of graders
    python -m tools pack                       pack trained models, to carry them to another machine
    python -m tools kit                        write a folder that installs without a network
    python -m tools findings FOLDER            which findings held in a run, as a table
    python -m tools release 0.2.0              write version, links and notes of a release

`bootstrap.py` is a script of its own: the first cell of each notebook runs it where colorlib is not
installed, as on Colab.
"""
