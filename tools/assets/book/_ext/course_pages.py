"""The course's hook into Sphinx: what Jupyter Book's settings cannot say."""

import re
from pathlib import Path

# The name of a button must contain the text in it, or people who speak to the page cannot press
# it. These texts of the theme's buttons are not in their names ("Color mode", "Search").
TEXT_IN_BUTTONS = re.compile(r' title="(?:Light|Dark|System Settings)"'
                             r'|<span class="search-button__kbd-shortcut">.*?</span>', re.S)


def setup(app):
    app.connect("config-inited", change_settings)
    app.connect("html-page-context", leave_thebe_out, priority=900)
    app.connect("build-finished", tidy_buttons)
    return {"parallel_read_safe": True}


def change_settings(app, config):
    options = config.html_theme_options
    options["navbar_persistent"] = []  # the search is in the side bar already
    if options.get("repository_url"):
        options["use_repository_button"] = True
    else:  # its host is one that the theme does not know (tools/site.py)
        options["launch_buttons"] = {}


def leave_thebe_out(app, pagename, templatename, context, doctree):
    """Leave out the scripts that run cells in the page: they would come from another host."""

    def is_thebe(script):
        return "thebe" in f"{script.filename} {script.attributes.get('body', '')}".lower()

    context["script_files"] = [one for one in context.get("script_files", []) if not is_thebe(one)]


def tidy_buttons(app, error):
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(TEXT_IN_BUTTONS.sub("", text), encoding="utf-8")
