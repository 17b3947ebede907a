"""JupyterLab and Notebook in a headless Chromium: for the browser tests and for `screenshots.py`.

`Server` runs a Jupyter server that nobody else can reach, with nothing of the user's settings. `Notebook` is a notebook
in a page of it; it finds things on the page by what JupyterLab and Notebook have in common.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

Host = Literal["lab", "notebook"]
HOSTS: tuple[Host, ...] = ("lab", "notebook")
#: Seconds that a server, a page, a kernel or a saved file may take.
PATIENCE_S = 60.0
_SWITCHES = ("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync")


def find_chromium() -> str:
    """Give the path of a Chromium; a `RuntimeError` says what to do if there is none."""
    command = [Path(__file__).with_name("get-chromium"), "--find"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(found.stderr.strip())
    return found.stdout.strip()


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=_SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


def wait_for(what: str, look: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """Give what `look` gives as soon as that is true."""
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {patience_s:.0f} s")
        time.sleep(0.1)
    return found


class Server:
    """A Jupyter server on a free port of this machine, with a token, that keeps all it writes in one folder.

    Parameters
    ----------
    place
        The folder.
    settings
        More options of the server and what runs in it, such as ``{"LabApp.expose_app_in_browser": True}``.

    Attributes
    ----------
    folder
        Where the notebooks are.
    """

    def __init__(self, place: Path, settings: Mapping[str, object] | None = None) -> None:
        self.folder = place / "notebooks"
        self.folder.mkdir(parents=True)
        self._place = place
        self._settings = settings or {}
        self._token = secrets.token_hex(16)
        self._base = ""

    def __enter__(self) -> Self:
        self._log = (self._place / "server.log").open("w", encoding="utf-8")
        runtime = self._place / "runtime"
        env = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "MARS_NB"))}
        env |= {
            "HOME": str(self._place),
            "IPYTHONDIR": str(self._place / "ipython"),
            "JUPYTER_CONFIG_DIR": str(self._place / "config"),
            "JUPYTER_DATA_DIR": str(self._place / "data"),
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this environment
            "JUPYTER_TOKEN": self._token,  # not as an argument, which other users can see
        }
        pages = self._place / "config" / "labconfig" / "page_config.json"
        pages.parent.mkdir(parents=True)
        pages.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))
        settings = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": _free_port(),  # or one of the next, if it was taken meanwhile
            "ServerApp.root_dir": self.folder,
            "ServerApp.open_browser": False,
            "ServerApp.allow_root": True,
            **self._settings,
        }
        command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in settings.items())]
        self._process = subprocess.Popen(command, env=env, stdout=self._log, stderr=subprocess.STDOUT)
        try:
            self._base = wait_for("the Jupyter server", lambda: self._address(runtime))
            wait_for("an answer of the Jupyter server", lambda: self._answers("api/status"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def address(self, host: Host, name: str) -> str:
        """Give the address of a notebook's page."""
        # A workspace of its own: JupyterLab opens again what was open in it.
        where = f"lab/workspaces/{Path(name).stem}/tree" if host == "lab" else "notebooks"
        return f"{self._base}{where}/{name}?token={self._token}"

    def kernel_state(self, name: str) -> str | None:
        """Tell the state of a notebook's kernel, None if it has none yet."""
        sessions = self._answers("api/sessions") or ()
        return next((each["kernel"]["execution_state"] for each in sessions if each["path"] == name), None)

    def add_kernel(self, name: str, *, command: Sequence[str] = (), language: str = "python", **env: str) -> None:
        """Offer another kernel: of this environment unless a command is given, started with these variables."""
        argv = [*(command or (sys.executable, "-m", "ipykernel_launcher")), "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": name, "language": language, "env": env}
        file = self._place / "data" / "kernels" / name / "kernel.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(spec), encoding="utf-8")

    def shut_kernels(self) -> None:
        """End all kernels."""
        for kernel in self._answers("api/kernels"):
            urllib.request.urlopen(self._request(f"api/kernels/{kernel['id']}", "DELETE")).close()

    def _address(self, runtime: Path) -> str | None:
        if self._process.poll() is not None:
            raise RuntimeError(f"the Jupyter server ended, see {self._log.name}")
        try:  # the file may be half written
            return str(json.loads((runtime / f"jpserver-{self._process.pid}.json").read_text())["url"])
        except (OSError, ValueError):
            return None

    def _answers(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(self._request(path), timeout=10) as answer:
                return json.load(answer)
        except OSError:
            return None

    def _request(self, path: str, method: str = "GET") -> urllib.request.Request:
        return urllib.request.Request(
            f"{self._base}{path}", headers={"Authorization": f"token {self._token}"}, method=method
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Notebook:
    """A notebook in a page of its own.

    Parameters
    ----------
    browser, server, host
        Where it is opened.
    name
        Of its file.
    *sources
        Its cells.
    scale
        Pixels of a screenshot for each pixel of the page.
    width
        Of the page, in pixels.
    on_page
        Called with the page before anything is loaded into it.
    kernel
        Name of the kernel.
    """

    def __init__(
        self,
        browser: Browser,
        server: Server,
        host: Host,
        name: str,
        *sources: str,
        scale: float = 1.0,
        width: int = 1000,
        on_page: Callable[[Page], object] = lambda page: None,
        kernel: str = "python3",
    ) -> None:
        self.file = server.folder / name
        self.file.write_text(json.dumps(document(*sources, kernel=kernel)), encoding="utf-8")
        self._server = server
        size = {"width": width, "height": 800}
        self._context = browser.new_context(viewport=size, device_scale_factor=scale, reduced_motion="reduce")
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1000)
        on_page(self.page)
        self.page.on("dialog", lambda dialog: dialog.accept())  # leave the page although it is not saved
        self.page.goto(server.address(host, name))
        self._wait_until_shown()
        wait_for("an idle kernel", lambda: server.kernel_state(name) == "idle")
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()
        self._server.shut_kernels()

    def reload(self) -> None:
        """Load the page again, saved or not."""
        self.page.reload()
        self._wait_until_shown()

    def _wait_until_shown(self) -> None:
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")

    def cell(self, index: int) -> Locator:
        """Find a code cell."""
        return self.page.locator(".jp-NotebookPanel .jp-CodeCell").nth(index)

    def output(self, index: int) -> Locator:
        """Find what a cell shows."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def run(self, index: int) -> None:
        """Run a cell; wait until it runs, not until its end."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self.wait_prompt(index, r"\[(\*|\d+)\]")

    def run_all(self) -> None:
        """Choose *Run All Cells* in the menu."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def stop(self) -> None:
        """Press the Stop button."""
        self.page.locator(".jp-NotebookPanel-toolbar [data-command='notebook:interrupt-kernel']").click()

    def wait_prompt(self, index: int, pattern: str = r"\[\d+\]", patience_s: float = PATIENCE_S) -> None:
        """Wait until what stands before a cell matches; by default until the cell is over."""
        self.wait_text(self.cell(index).locator(".jp-InputPrompt"), pattern, patience_s)

    def wait_text(self, where: Locator, pattern: str, patience_s: float = PATIENCE_S) -> str:
        """Wait until the text somewhere matches, and give it."""

        def look() -> str | None:
            text = "\n".join(where.all_inner_texts())
            return text if re.search(pattern, text) else None

        return str(wait_for(f"text like {pattern!r}", look, patience_s))

    def save(self) -> dict[str, Any]:
        """Save the notebook, and give what is in the file."""
        before = self.file.stat().st_mtime_ns
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        wait_for("the saved file", lambda: self.file.stat().st_mtime_ns > before)
        return dict(wait_for("a whole file", self._read))

    def _read(self) -> dict[str, Any] | None:
        try:
            return dict(json.loads(self.file.read_text(encoding="utf-8")))
        except ValueError:  # half written
            return None


def document(*sources: str, kernel: str = "python3") -> dict[str, Any]:
    """Make a notebook of these cells, as it is in a file."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{n}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    spec = {"name": kernel, "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
