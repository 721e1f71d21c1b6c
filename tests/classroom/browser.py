"""JupyterLab in a real browser, driven by Chromium's DevTools protocol.

    with jupyterlab(folder) as address, Browser() as browser:
        browser.open_notebook(address, "turing.ipynb")
        browser.wait("document.querySelector('.widget-button')")
        browser.press("ArrowLeft")
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager

import websocket

from colorlib.paths import project_root

SCREENSHOTS = project_root() / "build" / "screenshots"
KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Enter": 13, "Tab": 9, " ": 32}


def chromium():
    """The browser's program, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def jupyterlab(folder, **more):
    """A server of its own in a folder, with more environment variables; gives its address."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0",
               "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}",
               f"--LabApp.workspaces_dir={folder / '.workspaces'}", "--ServerApp.open_browser=False"]
    settings = folder / ".settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)                                            # cells that are not on the screen, too
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(folder / ".runtime"), "PYTHONUNBUFFERED": "1",
                                "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings")} | more
    log = open(folder / "server.log", "w")                                  # noqa: SIM115  closed below
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True)
    try:
        yield _address(folder, server)
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def _address(folder, server):
    for _ in range(240):
        for path in (folder / ".runtime").glob("jpserver-*.json"):
            try:
                return json.loads(path.read_text())["url"]
            except (ValueError, KeyError):                                  # half written
                pass
        assert server.poll() is None, (folder / "server.log").read_text()[-2000:]
        time.sleep(0.25)
    raise AssertionError("JupyterLab did not start: " + (folder / "server.log").read_text()[-2000:])


class Browser:
    """One page. errors: what the page's console called an error; requests: the addresses that it asked for."""

    def __init__(self, width=1280, height=900):
        self.folder = tempfile.mkdtemp()
        self.process = subprocess.Popen(
            [chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={self.folder}",
             f"--window-size={width},{height}", "about:blank"], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "DevTools listening on" in line:
                port = line.split(":")[-1].split("/")[0]
                break
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            page = next(one for one in json.load(answer) if one["type"] == "page")
        self.socket = websocket.create_connection(page["webSocketDebuggerUrl"], timeout=120)
        self.number, self.errors, self.requests, self.asked = 0, [], [], None
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)
        self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, method, **parameters):
        """One command of the protocol; its result."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self.socket.recv())
            if told.get("method") == "Page.javascriptDialogOpening":         # "leave this page?"
                self.socket.send(json.dumps({"id": 0, "method": "Page.handleJavaScriptDialog",
                                             "params": {"accept": True}}))
            if told.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(told["params"]["exceptionDetails"])[:600])
            if told.get("method") == "Page.fileChooserOpened":
                self.asked = told["params"]["backendNodeId"]
            if told.get("method") == "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])
            if told.get("id") == self.number:
                assert "error" not in told, told
                return told["result"]

    def js(self, expression):
        """The value of an expression; promises are waited for."""
        told = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, expression, seconds=60):
        """Until an expression is true; its value."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.js(f"Boolean({expression})")
            if value:
                return self.js(expression) if expression.endswith(".length") else value
            time.sleep(0.2)
        raise AssertionError(f"waited {seconds} s for {expression}")

    def open_notebook(self, address, name):
        """Open a notebook in JupyterLab and run all its cells."""
        self.send("Page.navigate", url=f"{address}lab/tree/{name}?reset")
        panel = "[...window.jupyterapp.shell.widgets('main')].find(w => w.context)"
        session = f"{panel}.context.sessionContext"
        self.wait(f"window.jupyterapp && {panel} && {session}.isReady", 90)
        self.wait(f"{session}.session?.kernel?.status == 'idle'", 60)
        self.js(f"window.jupyterapp.shell.activateById({panel}.id)")
        self.js("void window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def restart(self):
        """Restart the kernel of the open notebook and run all its cells, whose outputs are cleared first."""
        self.js("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        self.js("void window.jupyterapp.commands.execute('notebook:restart-run-all')")
        button = "document.querySelector('.jp-Dialog .jp-mod-accept')"      # "Restart the kernel?"
        self.wait(button, 20)
        self.js(f"{button}.click()")

    def press(self, key):
        """A key, down and up, where the focus is."""
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def upload(self, button, path):
        """Click a button (a CSS selector) that asks for a file, and give it one."""
        self.asked = None
        self.send("Page.setInterceptFileChooserDialog", enabled=True)
        self.js(f"document.querySelector({button!r}).scrollIntoView({{block: 'center'}})")
        x, y = self.js(f"(r => [r.x + r.width / 2, r.y + r.height / 2])"
                       f"(document.querySelector({button!r}).getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        for _ in range(50):
            if self.asked is not None:
                break
            self.js("new Promise(done => setTimeout(done, 100))")           # lets the browser speak
        assert self.asked is not None, f"{button} asked for no file"
        self.send("DOM.setFileInputFiles", files=[str(path)], backendNodeId=self.asked)

    def screenshot(self, name):
        """The page as build/screenshots/NAME.png, kept to be looked at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        data = base64.b64decode(self.send("Page.captureScreenshot")["data"])
        (SCREENSHOTS / f"{name}.png").write_bytes(data)
