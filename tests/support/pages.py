"""What every page and picture must hold: well formed, one script, nothing loaded, unique ids."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta"}

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\x1b[31m\x00\u202eevil\ud83d"
    "]]>-->$\\frac{1}{2}$ http://example.com/x.js"
)
"""Text as a model, a server or a user might write it, to be shown and never to be obeyed."""


class Page(HTMLParser):
    """A parsed page; fails while parsing where a tag does not match."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        html.encode()  # no lone surrogate is left
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        opened = self.open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.scripts.append(data)
        elif inside == "style":
            self.styles.append(data)
        else:
            self.text += data

    def values(self, name: str) -> list[str]:
        """The values of an attribute, wherever it stands."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    def count(self, tag: str, kind: str = "") -> int:
        """The elements of a tag, or those of them with a class."""
        return sum(
            found == tag and (not kind or kind in attributes.get("class", "").split())
            for found, attributes in self.tags
        )


def check(html: str, *, script: str = "") -> Page:
    """Parse a page and hold it to what all of them must keep."""
    page = Page(html)
    assert page.scripts == ([script] if script else [])
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for tag, attributes in page.tags:
        assert tag not in {"img", "iframe", "object", "embed", "base", "form", "image"}
        assert not {"src", "srcset", "action", "xlink:href"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        href = attributes.get("href", "data:,")
        assert href == "data:," or href.removeprefix("#") in ids
        style = attributes.get("style", "") + attributes.get("clip-path", "")
        assert style.count("url(") == style.count("url(#")
    assert not any("url(" in style or "@import" in style for style in page.styles)
    assert not [char for char in page.text if ord(char) < 32 and char not in "\n\t"]
    return page
