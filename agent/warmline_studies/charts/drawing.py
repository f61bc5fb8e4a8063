"""A drawing: shapes on one sheet, written as SVG by the standard library."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

WIDTH = 820
INK = "#6e7781"
OURS, THEIRS = "#e8590c", "#4c8eda"


class Drawing:
    """A sheet that is WIDTH wide, with a title and a subtitle, if there is one. Units are pixels, y goes down."""

    def __init__(self, title: str, subtitle: str = "") -> None:
        self._sheet = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img"})
        SubElement(self._sheet, "title").text = title
        style = {"fill": INK, "font-family": "ui-sans-serif, system-ui, sans-serif", "font-size": "13"}
        self._shapes = SubElement(self._sheet, "g", style)
        self.words(12, 24, title, font_size=17, font_weight=600)
        self.words(12, 44, subtitle, font_size=12)

    def add(self, shape: str, **attributes: float | str) -> Element:
        """Add a shape by SVG's names; where SVG writes a hyphen, Python writes an underscore."""
        written = {
            name.replace("_", "-"): one if isinstance(one, str) else f"{one:.2f}".rstrip("0").rstrip(".")
            for name, one in attributes.items()
        }
        return SubElement(self._shapes, shape, written)

    def words(self, x: float, y: float, text: str, *, aside: str = "", **attributes: float | str) -> None:
        """Write a line of text, if there is any; `aside` follows it in smaller letters."""
        if text:
            written = self.add("text", x=x, y=y, **attributes)
            written.text = text
            if aside:
                SubElement(written, "tspan", {"font-size": "11", "font-weight": "400"}).text = f" {aside}"

    def line(self, x1: float, y1: float, x2: float, y2: float, **attributes: float | str) -> None:
        """Draw a straight line, thin and pale unless told otherwise."""
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=INK, **({"stroke_opacity": 0.35} | attributes))

    def svg(self, height: float) -> str:
        """Write the sheet, `height` high, with each shape on a line of its own."""
        self._sheet.set("viewBox", f"0 0 {WIDTH} {height:.0f}")
        indent(self._sheet, space="")
        return tostring(self._sheet, encoding="unicode") + "\n"
