"""The contrast of every text on a page, computed from what the browser paints.

A checker that is not sure about a platform calls a text undecided, not wrong, so the ratios are computed here as well
(WCAG 2.2, 1.4.3). Text on a platform that is not one colour does not occur in the look.
"""

from playwright.sync_api import Page

LEAST = 4.5

TOO_FAINT = """
least => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const seen = new Map();
  const rgba = colour => {
    if (!seen.has(colour)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      seen.set(colour, [...canvas.getImageData(0, 0, 1, 1).data]);
    }
    return seen.get(colour);
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] / 255 + below[i] * (1 - top[3] / 255));
  const platform = element => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      layers.unshift(colour);
      if (colour[3] === 255) break;
    }
    return layers.reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const luminance = colour => colour
    .map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const faint = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      continue;
    const below = platform(element);
    const found = ratio(over(rgba(getComputedStyle(element).color), below), below);
    if (found < least)
      faint.add(`${found.toFixed(2)} ${element.tagName} ${texts.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...faint];
}
"""


def too_faint(page: Page) -> list[str]:
    """Return a line for every text under 4.5 to 1: the ratio, the element, and how the text begins."""
    found: list[str] = page.evaluate(TOO_FAINT, LEAST)
    return found
