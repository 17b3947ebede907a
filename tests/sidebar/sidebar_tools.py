"""The sidebar in a real JupyterLab or Notebook: finding its parts, and measuring in the page."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_browser import Notebook, wait_for
from wire import Wire

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

#: What a frame of the page may take in the middle. It is 17 ms where nothing else uses the processors, and printed.
FRAME_MS = 50.0
START = "%load_ext mars_nb\nimport time, mars, mars.dataframe as md, mars.remote as mr, mars.tensor as mt"
#: Steps of a tenth of a second each, until a file is there: a test that has seen enough puts it there.
STEPS = """\
from pathlib import Path
def step(number):
    if not Path({enough!r}).exists():
        time.sleep(0.1)
"""

_AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
_CHECK = """async () => {
    const include = [['#mars-nb-sidebar'], ['#mars-nb-status']];
    const { violations } = await axe.run({ include }, { resultTypes: ['violations'] });
    const grave = violations.filter(each => ['serious', 'critical'].includes(each.impact));
    return grave.map(each => `${each.id}: ${each.nodes.map(node => node.html)}`);
}"""
_COUNT = """([where, what]) => {
    const seen = window.__seen = [];
    const look = () => {
        const node = document.querySelector(where);
        const value = node && (what === 'text' ? node.textContent : node.getAttribute(what));
        if (value !== null && value !== seen.at(-1)?.value) seen.push({ at: performance.now(), value });
    };
    look();
    const watched = document.querySelector('#mars-nb-sidebar');
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver(look).observe(watched, all);
}"""

_PRESS = """([press, where, what]) => new Promise((done, fail) => {
    const value = () => { const node = document.querySelector(where); return node && node.getAttribute(what); };
    const before = value(), start = performance.now();
    const late = setTimeout(() => { watch.disconnect(); fail(new Error('nothing changed')); }, 20000);
    const look = () => {
        if (value() === before) return;
        clearTimeout(late);
        watch.disconnect();
        done(performance.now() - start);
    };
    const watch = new MutationObserver(look);
    watch.observe(document.querySelector('#mars-nb-sidebar'), { subtree: true, childList: true, attributes: true });
    document.querySelector(press).click();
})"""

_FRAMES = """([where, ms]) => new Promise(done => {
    const node = document.querySelector(where);
    const gaps = [];
    const start = performance.now();
    let last = start;
    const frame = now => {
        gaps.push(now - last);
        last = now;
        const part = Math.min(1, (now - start) / ms);
        node.scrollTop = part * (node.scrollHeight - node.clientHeight);
        if (part < 1) requestAnimationFrame(frame); else done(gaps.slice(2));
    };
    requestAnimationFrame(frame);
})"""


class Sidebar:
    """The panel in a page.

    Parameters
    ----------
    page
        Where it is.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator("#mars-nb-sidebar")
        self.tab = page.locator(".lm-TabBar-tab[data-id='mars-nb-sidebar']")

    def open(self) -> None:
        """Show the panel, if it is not shown."""
        if not self.root.is_visible():
            self.tab.click()
            self.root.wait_for(state="visible")

    def close(self) -> None:
        """Hide the panel, if it is shown."""
        if self.root.is_visible():
            self.tab.click()
            self.root.wait_for(state="hidden")

    def wait_state(self, state: str, title: str = "") -> None:
        """Wait until the panel is in a state: ``live``, or a blank one; about what bears the title, if given."""
        named = f"[data-title='{title}']" if title else ""
        self.root.locator(f".mars-nb-Front[data-state='{state}']{named}").wait_for(state="visible")

    def section(self, name: str) -> Locator:
        """Find a section."""
        return self.root.locator(f"[data-section='{name}']")

    def card(self, name: str) -> Locator:
        """Find a session."""
        return self.root.locator(f"[data-section='sessions'] [data-name='{name}'][data-session]")

    def result(self, name: str) -> Locator:
        """Find a result or lazy object by its first name."""
        return self.root.locator(f"[data-section='results'] .mars-nb-Item[data-name='{name}']")

    def task(self, number: int) -> Locator:
        """Find a task in the history."""
        return self.root.locator(f"[data-section='tasks'] .mars-nb-Item[data-task='{number}']")

    def press(self, where: Locator, does: str) -> None:
        """Press a button by what it does."""
        where.locator(f"[data-do='{does}']").first.click()

    def alert(self) -> str:
        """Give what went wrong, once something did."""
        alert = self.root.locator("[role=alert]:not(:empty)").first
        alert.wait_for(state="visible")
        return alert.inner_text()

    def barriers(self) -> list[str]:
        """List what keeps people from using the panel or its item in the status bar: what axe finds, if it is grave."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_AXE.read_text(encoding="utf-8"))
        return list(self.page.evaluate(_CHECK))

    # --- measured in the page ------------------------------------------------------------------------

    def watch(self, selector: str, what: str = "text") -> None:
        """Note from now on what an element of the panel shows: its text, or an attribute."""
        self.page.evaluate(_COUNT, [selector, what])

    def seen(self) -> list[tuple[float, str]]:
        """Give what was shown since `watch`: milliseconds and values, without repetitions."""
        return [(each["at"], each["value"]) for each in self.page.evaluate("window.__seen")]

    def press_and_wait(self, button: str, where: str, what: str) -> float:
        """Press a button, and give the milliseconds until an attribute of another element has another value."""
        return float(self.page.evaluate(_PRESS, [button, where, what]))

    def scroll(self, where: str, ms: int = 2000) -> list[float]:
        """Scroll to the end in so many milliseconds; give the milliseconds that each frame took."""
        return list(self.page.evaluate(_FRAMES, [where, ms]))


def prompt_of(notebook: Notebook, index: int) -> str:
    """Give what stands before a cell, such as ``[3]``."""
    return notebook.cell(index).locator(".jp-InputPrompt").inner_text()


def wait_text(where: Locator, pattern: str) -> str:
    """Wait until the text somewhere matches, and give it."""

    def look() -> str | None:
        text = "\n".join(where.all_inner_texts())
        return text if re.search(pattern, text) else None

    return str(wait_for(f"text like {pattern!r}", look))


def describe(frames: list[float]) -> str:
    """Tell how long the frames of a page took."""
    ordered = sorted(frames)
    late = ordered[int(len(ordered) * 0.95)]
    return f"{len(frames)} frames, median {statistics.median(frames):.1f} ms, 95% {late:.1f}, longest {ordered[-1]:.1f}"


OpenNotebook = Callable[..., tuple[Notebook, Sidebar, Wire]]
__all__ = ["FRAME_MS", "START", "STEPS", "Any", "OpenNotebook", "Sidebar", "describe", "prompt_of", "wait_text"]
