"""JupyterLab with several notebooks and consoles in one page, used as people use it or by its commands."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Self

from jupyter_browser import PATIENCE_S, Server, document, wait_for
from sidebar_tools import Sidebar
from wire import Wire

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

#: What `Lab` needs of the server.
SETTINGS = {"LabApp.expose_app_in_browser": True}

_KEEP_SOCKETS = """
    window.__sockets = [];
    window.WebSocket = class extends WebSocket {
        constructor(...args) { super(...args); window.__sockets.push(this); }
    };
"""
_COMMAND = """async ([command, args]) => {
    const done = await window.jupyterapp.commands.execute(command, args);
    return done?.id ?? null;
}"""
_IDLE = """id => {
    const widget = [...window.jupyterapp.shell.widgets('main')].find(each => each.id === id);
    const context = (widget.console ?? widget).sessionContext;
    return context.isReady && context.session?.kernel?.status === 'idle';
}"""
_USE_KERNEL = """([id, kernel]) => {
    const widget = [...window.jupyterapp.shell.widgets('main')].find(each => each.id === id);
    return widget.sessionContext.changeKernel({ id: kernel }).then(() => undefined);
}"""
_CLOSE_ALL = "[...window.jupyterapp.shell.widgets('main')].forEach(each => each.dispose())"
_MOVE = """([id, mode, ref]) => {
    const { shell } = window.jupyterapp;
    const widget = [...shell.widgets('main')].find(each => each.id === id);
    shell.add(widget, 'main', { mode, ref });
}"""


class Lab:
    """JupyterLab in a page, with nothing open at first.

    Parameters
    ----------
    browser, server
        Where it is opened.
    name
        Of the workspace.
    context
        To open another page, with the same storage and network, of a browser that is open already.
    """

    def __init__(self, browser: Browser, server: Server, name: str, context: BrowserContext | None = None) -> None:
        self.server = server
        self.context = context or browser.new_context(viewport={"width": 1400, "height": 800}, reduced_motion="reduce")
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.add_init_script(_KEEP_SOCKETS)
        self.wire = Wire(self.page)
        self.sidebar = Sidebar(self.page)
        self.page.goto(server.address("lab", f"{name}.ipynb").replace(f"/tree/{name}.ipynb", ""))
        self.wait_until_shown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        self.server.shut_kernels()

    def wait_until_shown(self) -> None:
        """Wait until the page is there."""
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")
        self.page.wait_for_selector(".jp-Launcher, .jp-NotebookPanel .jp-Cell")

    def clear(self) -> None:
        """Close all documents without saving, and end their kernels."""
        while (dialog := self.page.locator(".jp-Dialog")).count():
            self.page.keyboard.press("Escape")
            dialog.last.wait_for(state="detached")
        self.page.evaluate(_CLOSE_ALL)
        self.server.shut_kernels()

    def cut(self) -> None:
        """Break the connections to all kernels, as a bad network does."""
        self.page.evaluate(
            "window.__sockets.filter(each => each.url.includes('/channels')).forEach(each => each.close())"
        )

    def command(self, command: str, **args: Any) -> str:
        """Have JupyterLab do something; give the id of the widget that this made, if it did."""
        return str(self.page.evaluate(_COMMAND, [command, args]))

    def choose(self, *path: str) -> None:
        """Choose in the menus, such as *Kernel*, *Interrupt Kernel*."""
        for item in path:
            self.page.get_by_role("menuitem", name=re.compile(f"^{re.escape(item)}")).first.click()

    def open(self, name: str, *sources: str, kernel: str = "python3", wait: bool = True) -> Document:
        """Open a notebook of these cells."""
        file = self.server.folder / f"{name}.ipynb"
        file.write_text(json.dumps(document(*sources, kernel=kernel)), encoding="utf-8")
        opened = Document(self, self.command("docmanager:open", path=file.name))
        if wait:
            opened.wait_idle()
        return opened

    def console(self, path: str, **args: Any) -> Document:
        """Open a console next to a notebook's path; with a kernel of its own unless told otherwise."""
        made = self.command("console:create", path=path, **({"kernelPreference": {"name": "python3"}} | args))
        return Document(self, made)

    def move(self, moved: Document, beside: Document, mode: str = "split-right") -> None:
        """Put a document beside another one."""
        self.page.evaluate(_MOVE, [moved.id, mode, beside.id])

    def use_kernel(self, document: Document, kernel: str) -> None:
        """Give a document the kernel with this id."""
        self.page.evaluate(_USE_KERNEL, [document.id, kernel])

    def accept(self) -> None:
        """Say yes to the dialog that opens."""
        self.page.locator(".jp-Dialog-button.jp-mod-accept").last.click()

    def restart(self) -> None:
        """Restart the kernel of the notebook in front."""
        self.choose("Kernel", "Restart Kernel…")
        self.accept()


class Document:
    """A notebook or a console in JupyterLab."""

    def __init__(self, lab: Lab, identity: str) -> None:
        self._lab = lab
        self.id = identity
        self.root: Locator = lab.page.locator(f"[id='{identity}']")
        self.tab: Locator = lab.page.locator(f".lm-TabBar-tab[data-id='{identity}']")

    def wait_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self._lab.page.wait_for_function(_IDLE, arg=self.id)

    def show(self) -> None:
        """Bring it to the front."""
        self.tab.click()

    def close(self) -> None:
        """Close it; it was changed and is saved."""
        self.tab.locator(".lm-TabBar-tabCloseIcon").click()
        self._lab.accept()

    def cell(self, index: int) -> Locator:
        """Find a code cell; in a console the last one is the prompt."""
        return self.root.locator(".jp-CodeCell").nth(index)

    def start(self, index: int) -> None:
        """Have a cell run."""
        self.cell(index).locator(".cm-content").click()
        self._lab.page.keyboard.press("Control+Enter")

    def run(self, index: int, *, wait: bool = True) -> None:
        """Run a cell; wait for its end unless told otherwise."""
        self.start(index)
        self.wait_prompt(index, r"\[\d+\]" if wait else r"\[(\*|\d+)\]")

    def wait_prompt(self, index: int, pattern: str = r"\[\d+\]") -> None:
        """Wait until what stands before a cell matches; by default until the cell is over."""
        prompt = self.cell(index).locator(".jp-InputPrompt")
        wait_for(f"prompt like {pattern!r}", lambda: re.search(pattern, prompt.inner_text()))
