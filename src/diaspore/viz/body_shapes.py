"""The drawing of a body seen from the front: where its organs lie, and the names under which sites find their place.

The control points lie in ``body_points.txt``; proportions serve legibility, not anatomy. x runs to the viewer's right
(the patient's left), y upwards from the floor, both roughly in centimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

#: lower and upper edge of the drawing; the legs fade out towards the lower one
BOTTOM, TOP = 56.0, 181.0


@dataclass(frozen=True)
class Shape:
    """One organ.

    Attributes:
        parts: closed outlines, each (n, 2).
        anchor: where a label points to.
        layer: drawing order, higher on top.
        ring: a lining (pleura, peritoneum, meninges): drawn as a line while it is healthy.
    """

    parts: tuple[Points, ...]
    anchor: tuple[float, float]
    layer: int
    ring: bool = False


@cache
def control_points() -> dict[str, Points]:
    """The hand-drawn control points by name."""
    text = files("diaspore.viz").joinpath("body_points.txt").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, pairs = line.split(":")
            found[name] = np.array([[float(value) for value in pair.split(",")] for pair in pairs.split()])
    return found


def smooth(points: Points, closed: bool = True, steps: int = 14) -> Points:
    """A centripetal Catmull-Rom curve through (n, 2) points: no loops or overshoot at uneven spacing."""
    p = points
    p = np.vstack([p[-1], p, p[0], p[1]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    pieces = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        gaps = [max(float(np.hypot(*step)), 1e-9) ** 0.5 for step in (b - a, c - b, d - c)]
        t0, t1, t2, t3 = np.cumsum([0.0, *gaps])
        t = np.linspace(t1, t2, steps, endpoint=False)[:, None]
        a1 = (t1 - t) / (t1 - t0) * a + (t - t0) / (t1 - t0) * b
        a2 = (t2 - t) / (t2 - t1) * b + (t - t1) / (t2 - t1) * c
        a3 = (t3 - t) / (t3 - t2) * c + (t - t2) / (t3 - t2) * d
        b1 = (t2 - t) / (t2 - t0) * a1 + (t - t0) / (t2 - t0) * a2
        b2 = (t3 - t) / (t3 - t1) * a2 + (t - t1) / (t3 - t1) * a3
        pieces.append((t2 - t) / (t2 - t1) * b1 + (t - t1) / (t2 - t1) * b2)
    if not closed:
        pieces.append(p[-2][None])
    return np.vstack(pieces)


def tube(points: Points, *widths: float) -> Points:
    """The outline of a rounded tube along a smooth line, of one width or of widths from start to end."""
    line = smooth(points, closed=False)
    direction = np.gradient(line, axis=0)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    normal = np.column_stack([-direction[:, 1], direction[:, 0]])
    half = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    angle = np.linspace(0, np.pi, 12)[1:-1, None]
    caps = []
    for end, sign in ((-1, 1.0), (0, -1.0)):
        caps.append(line[end] + half[end] * sign * (np.cos(angle) * normal[end] + np.sin(angle) * direction[end]))
    return np.vstack([line + half * normal, caps[0], (line - half * normal)[::-1], caps[1]])


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Points:
    """An ellipse, turned by an angle in degrees."""
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    u, v = rx * np.cos(angle), ry * np.sin(angle)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.column_stack([x + c * u - s * v, y + s * u + c * v])


def swell(points: Points, by: float) -> Points:
    """An outline moved outwards by a distance."""
    edge = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    edge /= np.maximum(np.linalg.norm(edge, axis=1, keepdims=True), 1e-9)
    normal = np.column_stack([edge[:, 1], -edge[:, 0]])
    x, y = points.T
    area = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    return np.asarray(points + by * np.sign(area) * normal)


def mirror(points: Points) -> Points:
    """The same outline on the other side of the body."""
    return points[::-1] * np.array([-1.0, 1.0])


def both(points: Points) -> tuple[Points, Points]:
    """A paired organ: the patient's right one (x < 0), then the left one."""
    return mirror(points), points


def body_outline(sex: str) -> Points:
    """The outline of the body; a woman's a little narrower at shoulder and waist and wider at the hip."""
    points = control_points()
    outer = smooth(np.vstack([points["body"], points["arm"], points["side"]]), closed=False)
    half = np.vstack([outer, smooth(points["inner leg"], closed=False)])
    if sex == "female":
        heights = [55, 76, 88, 106, 120, 142, 150, 165, 180]
        factors = [1, 1.03, 1.04, 0.97, 0.97, 0.95, 0.93, 0.96, 0.98]
        half = half * np.column_stack([np.interp(half[:, 1], heights, factors), np.ones(len(half))])
    return np.vstack([half, mirror(half)])


def _bones() -> tuple[Points, ...]:
    points = control_points()
    spine = []
    for y in np.arange(91.5, 152.0, 2.75):
        w, h = float(np.interp(y, [91, 120, 153], [2.35, 1.9, 1.35])), 2.2
        corners = [[-w, y], [-0.8 * w, y + h / 2], [-w, y + h], [w, y + h], [0.8 * w, y + h / 2], [w, y]]
        spine.append(smooth(np.array(corners), steps=6))
    ribs = []
    for top, reach in zip(np.linspace(142.5, 121.5, 8), (8.8, 11.6, 13.3, 14.4, 15.0, 15.4, 15.5, 15.2), strict=True):
        bend = [[2.2, 1.2], [reach * 0.62, 1.6], [reach * 0.97, -1.4], [reach, -3.4], [reach * 0.93, -5.2]]
        ribs.append(tube(np.array([[x, top + y] for x, y in bend]), 0.9))
    paired = [
        *ribs,
        smooth(points["pelvis"]),
        tube(points["femur"], 3.6, 3.2, 3.0, 2.6, 2.6, 2.6),
        tube(points["humerus"], 3.4, 2.3, 1.9, 1.9, 2.3),
        tube(points["clavicle"], 1.4),
    ]
    return (*spine, smooth(points["sacrum"]), *(part for shape in paired for part in both(shape)))


def _nodes(*places: tuple[float, float]) -> tuple[Points, ...]:
    return tuple(ellipse(x, y, 0.95, 0.95) for x, y in places)


@cache
def shapes() -> dict[str, Shape]:
    """Every drawn place."""
    points = control_points()
    lungs = smooth(points["right lung"]), smooth(points["left lung"])
    heart, head = smooth(points["heart"]), smooth(points["head"], closed=False)
    single = {name: (smooth(points[name]),) for name in ("liver", "stomach", "spleen", "pancreas", "bladder", "uterus")}
    paired = {name: both(smooth(points[name], steps=8)) for name in ("brain", "kidney", "adrenal", "thyroid", "breast")}
    bowel = tube(points["colon"], 2.7), tube(points["small bowel"], 1.9)
    muscle = both(ellipse(21.8, 122.0, 1.5, 5.0, -3))
    return {
        "bone": Shape(_bones(), (15.4, 78.0), 1),
        "muscle": Shape(muscle, (-22.0, 120.0), 2),
        "peritoneum": Shape((smooth(points["abdomen"]),), (12.9, 95.6), 2, ring=True),
        "pleura": Shape(tuple(swell(lung, 1.0) for lung in lungs), (-14.9, 127.0), 3, ring=True),
        "meninges": Shape((np.vstack([head, mirror(head)]),), (-6.7, 170.0), 3, ring=True),
        "lung": Shape(lungs, (-11.0, 134.5), 4),
        "brain": Shape(paired["brain"], (4.4, 171.0), 4),
        "pericardium": Shape((swell(heart, 0.9),), (6.6, 123.4), 5, ring=True),
        "heart": Shape((heart,), (4.4, 127.4), 6),
        "spleen": Shape(single["spleen"], (13.4, 114.6), 5),
        "kidney": Shape(paired["kidney"], (-9.0, 104.0), 5),
        "bowel": Shape(bowel, (-10.4, 92.0), 5),
        "stomach": Shape(single["stomach"], (9.4, 115.2), 6),
        "thyroid": Shape(paired["thyroid"], (2.2, 148.0), 6),
        "liver": Shape(single["liver"], (-10.6, 115.6), 7),
        "bladder": Shape(single["bladder"], (-1.4, 81.6), 7),
        "prostate": Shape((ellipse(0.0, 77.9, 1.9, 1.35),), (0.0, 77.9), 7),
        "pancreas": Shape(single["pancreas"], (3.4, 106.5), 8),
        "uterus": Shape(single["uterus"], (0.0, 87.0), 8),
        "ovary": Shape(both(ellipse(5.4, 87.6, 1.7, 1.1, 25)), (-5.4, 87.6), 9),
        "adrenal": Shape(paired["adrenal"], (7.4, 111.0), 9),
        "breast": Shape(paired["breast"], (13.2, 125.2), 10),
        "axillary nodes": Shape(_nodes((17.0, 134.2), (18.2, 132.0), (16.0, 136.6)), (17.0, 134.2), 11),
        "neck nodes": Shape(_nodes((-6.6, 147.9), (-4.4, 151.2), (6.6, 147.9), (4.4, 151.2)), (-6.6, 147.9), 11),
        "chest nodes": Shape(_nodes((-1.6, 137.6), (1.6, 137.6), (0.0, 139.8)), (1.6, 137.6), 11),
        "belly nodes": Shape(_nodes((-2.4, 101.0), (2.4, 101.0), (0.0, 99.4)), (-2.4, 101.0), 11),
        "groin nodes": Shape(_nodes((-8.6, 80.2), (-10.2, 82.0), (8.6, 80.2), (10.2, 82.0)), (-9.4, 81.0), 11),
    }


#: drawn place: other names of sites and primaries that are drawn there
_ALSO = {
    "bone": "bone_marrow marrow skeleton axial_skeleton",
    "lung": "lungs nsclc sclc",
    "kidney": "kidneys",
    "adrenal": "adrenals adrenal_gland",
    "ovary": "ovaries",
    "breast": "breasts",
    "brain": "cns",
    "bowel": "colon gut intestine large_intestine small_intestine rectum colorectal colorectum",
    "peritoneum": "omentum peritoneal_cavity abdomen",
    "pleura": "pleural_cavity pleural_space mesothelioma",
    "meninges": "leptomeninges csf dura",
    "stomach": "oesophagus",
    "uterus": "cervix endometrium",
    "thyroid": "head_neck",
    "skin": "melanoma",
    "muscle": "soft_tissue skeletal_muscle",
    "axillary nodes": "axillary_nodes axilla axillary",
    "neck nodes": "lymph_nodes lymph_node distant_nodes supraclavicular supraclavicular_nodes",
    "chest nodes": "mediastinal_nodes hilar_nodes internal_mammary internal_mammary_nodes",
    "belly nodes": "mesenteric_nodes retroperitoneal_nodes para_aortic_nodes",
    "groin nodes": "inguinal_nodes pelvic_nodes",
}
_PLACES = {name: place for place, names in _ALSO.items() for name in names.split()}

#: where the regional nodes of a primary lie
_REGIONAL = {
    "axillary nodes": "breast skin",
    "chest nodes": "lung pleura heart",
    "belly nodes": "bowel pancreas stomach kidney ovary liver",
    "groin nodes": "prostate bladder uterus",
    "neck nodes": "thyroid brain",
}


def place_of(site: str) -> str | None:
    """The drawn place of a site, None where there is none; "skin" is the outline of the body itself."""
    name = site.strip().lower().replace(" ", "_").replace("-", "_")
    if name == "skin" or name in shapes():
        return name
    return _PLACES.get(name, "neck nodes" if "node" in name else None)


def regional_place(primary: str) -> str:
    """Where the regional nodes of a primary are drawn."""
    organ = place_of(primary)
    return next((place for place, organs in _REGIONAL.items() if organ in organs.split()), "belly nodes")
