"""What the course's notebooks use besides the models and the data.

lesson         `Lesson`: settings, device and data of a run, its record
claims         the claims that a notebook states and checks
profiles       how much each notebook computes in the profiles smoke, quick, lesson and full
plots          every figure; the notebooks import this module only
pictures       grids of pictures and color swatches
ab_plane       the ab plane of Lab with the colors that a screen can show
style          colors and font sizes of all figures
display        figures on the page, with alt texts; pictures that are redrawn during a training
data_check     a widget to mark bad pictures in a folder
photo_upload   a widget that colors your own photograph
cheapest_guess a game: one color for all apples, and its bill
color_brush    a page: paint with two numbers, a and b
pixel_odds     a page: what a classifier predicts for a pixel
scribble_page  a page: scribbles that spread
turing_page    the Turing test as a page for a browser alone
turing_test    a widget that asks which of two pictures shows the true colors
cell_order     help after a NameError: which cell should have run before
report         records as text and tables
files          notebook files read as JSON
"""
