"""A head drawn as SVG, as its person sees it in a mirror: the person's left is on the left.

Each region is a shape and a stroke: where a glide begins, and where it ends. Drawn for the left, mirrored for the
right; the middle is both. Strokes go up and outward. The eye's region is the bone below it, never the lid; the neck's
is its side, never the front.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..report.markup import Markup, join, tag
from .places import Place

WIDTH, HEIGHT = 200, 250
INK, SKIN, LINE, STROKE = "#1f2933", "#fbf4ee", "#8a7f78", "#1f5f93"
BADGE_R = 8.5


@dataclass(frozen=True)
class Region:
    """outline: an SVG path. stroke: its start, a point that bends it, its end. label: where a figure has room.

    A badge stands where the stroke begins, or a little off, so as not to touch its mirror's.
    """

    outline: str
    stroke: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    label: tuple[float, float]
    badge: tuple[float, float]


REGIONS = {
    "forehead": Region("M99 36C79 36 61 45 54 66L59 75L99 75Z", ((91, 71), (80, 62), (66, 50)), (86, 55), (89, 68)),
    "brow": Region("M98 77H59L51 85L54 92C65 86 84 86 98 91Z", ((94, 86), (76, 78), (57, 84)), (84, 83.5), (89, 84)),
    "temple": Region(
        "M52 68L44 84L40 103L50 104L53 94L49 85L57 76Z", ((49, 101), (44, 88), (50, 74)), (47, 90), (48, 98)
    ),
    "eye": Region(
        "M92 104C84 114 62 115 52 104L47 106C53 124 84 125 94 109Z",
        ((88, 114), (70, 123), (52, 111)),
        (73, 117),
        (84, 114),
    ),
    "cheek": Region(
        "M45 110C53 128 80 130 90 116L87 141L76 152L60 160C51 148 46 130 45 110Z",
        ((80, 147), (62, 142), (51, 121)),
        (67, 138),
        (79, 146),
    ),
    "nose": Region("M99 94H94L91 114L87 139L99 147Z", ((92, 139), (94, 120), (97, 100)), (93, 130), (90.5, 137)),
    "mouth": Region("M99 151L84 153L77 160L80 174L99 178Z", ((96, 176), (84, 172), (79, 158)), (89, 165), (90.5, 172)),
    "chin": Region(
        "M99 181L82 177L77 187C84 198 92 205 99 206Z", ((97, 201), (88, 197), (80, 183)), (90, 190), (90.5, 197)
    ),
    "jaw": Region(
        "M75 198L81 178L61 163C53 151 48 138 45 122L39 116C41 138 46 156 56 172C62 182 69 192 75 198Z",
        ((76, 189), (57, 169), (44, 130)),
        (63, 176),
        (73, 186),
    ),
    "neck": Region(
        "M63 188L58 238H79L82 207C75 202 69 196 63 188Z", ((70, 234), (68, 218), (70, 200)), (70, 216), (70, 229)
    ),
}
_OUTLINE = (
    "M100 22C62 22 38 52 38 96C38 130 44 152 56 171C68 191 84 207 100 207"
    "C116 207 132 191 144 171C156 152 162 130 162 96C162 52 138 22 100 22Z"
)
_FEATURES = (
    "M38 94C30 90 29 104 32 112C34 120 38 123 41 122M162 94C170 90 171 104 168 112C166 120 162 123 159 122"  # ears
    "M64 187L58 248M136 187L142 248"  # neck
    "M58 98C64 91 80 91 86 99C78 104 66 104 58 98M142 98C136 91 120 91 114 99C122 104 134 104 142 98"  # eyes
    "M58 85C66 80 80 80 88 85M142 85C134 80 120 80 112 85"  # brows
    "M94 96C93 116 87 130 88 137C92 143 108 143 112 137C113 130 107 116 106 96"  # nose
    "M82 164C90 158 96 159 100 161C104 159 110 158 118 164C110 173 90 173 82 164Z"  # mouth
)
_HAIR = "M40 84C42 44 66 20 100 20C134 20 158 44 160 84C152 62 134 38 100 38C66 38 48 62 40 84Z"


def halves(place: Place) -> tuple[Place, ...]:
    """The shapes that a place takes: its own, or both of the middle."""
    if place.side != "middle":
        return (place,)
    return Place(place.region, "left"), Place(place.region, "right")


def draw(
    fills: Mapping[Place, str],
    labels: Mapping[Place, str],
    strokes: Mapping[Place, str] | None = None,
    caption: str = "",
) -> Markup:
    """The head with halves filled in colours; figures in them; arrows, each with a badge where it begins."""
    strokes = strokes or {}
    shapes = [_shape(place, colour) for place, colour in fills.items()]
    arrows = [_arrow(place) for place in strokes]
    badges = [_label(REGIONS[place.region].badge, place.side, words) for place, words in strokes.items()]
    texts = [_label(REGIONS[place.region].label, place.side, words) for place, words in labels.items()]
    return tag(
        "svg",
        tag("title", caption) if caption else "",
        tag("path", d=_OUTLINE, fill=SKIN, stroke=LINE, stroke_width="1.2"),
        tag("path", d=_HAIR, fill="#d8cfc7"),
        *shapes,
        tag("path", d=_FEATURES, fill="none", stroke=LINE, stroke_width="0.9"),
        *arrows,
        *badges,
        *texts,
        class_="head",
        viewBox=f"22 14 {WIDTH - 44} {HEIGHT - 14}",
        xmlns="http://www.w3.org/2000/svg",
        role="img",
    )


def _mirror(side: str, content: Markup) -> Markup:
    return tag("g", content, transform=f"translate({WIDTH} 0) scale(-1 1)") if side == "right" else content


def _shape(place: Place, colour: str) -> Markup:
    return _mirror(
        place.side, tag("path", d=REGIONS[place.region].outline, fill=colour, stroke="#fff", stroke_width="0.8")
    )


def _arrow(place: Place) -> Markup:
    """A bent line with a head at its end."""
    (x0, y0), (xb, yb), (x1, y1) = REGIONS[place.region].stroke
    dx, dy = x1 - xb, y1 - yb
    length = (dx * dx + dy * dy) ** 0.5
    dx, dy = dx / length, dy / length
    wings = [(x1 - 6 * dx + 3.4 * dy * s, y1 - 6 * dy - 3.4 * dx * s) for s in (1, -1)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in [(x1, y1), *wings])
    line = f"M{x0} {y0}Q{xb} {yb} {x1 - 4 * dx:.1f} {y1 - 4 * dy:.1f}"
    return _mirror(
        place.side,
        join(
            tag("path", d=line, fill="none", stroke=STROKE, stroke_width="2"),
            tag("polygon", points=points, fill=STROKE),
        ),
    )


def _label(at: tuple[float, float], side: str, words: str) -> Markup:
    x, y = at
    x = WIDTH - x if side == "right" else x
    wide = max(2 * BADGE_R, 6.2 * len(words) + 6)
    box = {"x": f"{x - wide / 2:.1f}", "y": f"{y - BADGE_R:.1f}", "width": f"{wide:.1f}", "height": f"{2 * BADGE_R:g}"}
    at_words = {"x": f"{x:g}", "y": f"{y + 3.9:.1f}", "text_anchor": "middle"}
    return join(
        tag("rect", rx=f"{BADGE_R:g}", fill="#fff", stroke=INK, stroke_width="0.9", **box),
        tag("text", words, font_size=11, font_weight=700, fill=INK, **at_words),
    )
