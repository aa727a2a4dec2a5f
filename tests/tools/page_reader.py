"""Reads a page as a program does that is no browser: identifiers, addresses, tables, and what drawings say."""

from html.parser import HTMLParser

EMPTY = {"meta", "link", "br", "img"}
ADDRESSES = {"src", "href", "xlink:href", "srcset", "action", "data", "poster"}


class Page(HTMLParser):
    """The parts of a page. Elements that are not closed in their order are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.identifiers: list[str] = []
        self.addresses: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.drawings: dict[str, list[str]] = {}
        self.sections: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self._table: list[list[str]] = []
        self._heading = ""
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.identifiers.append(found["id"])
        self.addresses += [value for name, value in found.items() if name in ADDRESSES]
        if tag not in EMPTY:
            self._open.append((tag, found.get("id", "")))
        if tag == "table":
            self._table = self.tables[found["id"]] = []
        elif tag == "tr":
            self._table.append([])
        elif tag in {"td", "th"}:
            self._table[-1].append("")
        elif tag == "h3":
            self._heading = ""
        elif tag == "svg":
            assert found["role"] == "img"
            assert found["aria-label"].startswith(self._heading)
            self.drawings[self._heading] = []

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        for name in (name for tag, name in self._open if name and tag in {"section", "div"}):
            self.sections[name] = self.sections.get(name, "") + data
        if tags[-1:] and tags[-1] in {"td", "th"}:
            self._table[-1][-1] += data
        elif tags[-1:] == ["h3"]:
            self._heading += data
        elif "svg" in tags and tags[-1] in {"text", "tspan"}:
            self.drawings[self._heading].append(data)


def assert_complete_in_itself(text: str) -> Page:
    """Nothing is fetched, every identifier occurs once, and every place that is referred to exists."""
    page = Page(text)
    assert "default-src 'none'" in text
    assert len(page.identifiers) == len(set(page.identifiers))
    within = [address for address in page.addresses if not address.startswith("data:")]
    assert {address.removeprefix("#") for address in within} <= set(page.identifiers)
    assert all(address.startswith("#") for address in within)
    assert all(place.startswith("#") for place in text.replace('"', "").split("url(")[1:])
    return page
