// Whether a page can be read: what scrolls sideways, is cut off or lies on something else.

/**
 * What is wrong with what a page shows now, one sentence each; of what lies under a modal dialog nothing is asked.
 *
 * - Nothing scrolls sideways, the page included.
 * - No text is cut: by an edge of something, or of the screen. An ellipsis cuts, unless a `title` has the whole text or a
 *   select opens to show it. What a field holds may be longer than the field, its placeholder may not.
 * - No text lies on other text, on a field or on an icon; menus, bars and panels that float above are looked at by
 *   themselves.
 */
export function faultsOf(page) {
  return page.evaluate(() => {
    const SLACK = 1.5;
    const faults = new Set();
    const scene = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;

    const nameOf = (element) => {
      const classes = element.getAttribute("class")?.trim().split(/\s+/).join(".");
      return `<${element.localName}${classes ? `.${classes}` : ""}>`;
    };
    const quoted = (text) => `“${text.replace(/\s+/g, " ").trim().slice(0, 60)}”`;
    const isSeen = (element) =>
      element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
      !element.closest(".unseen");
    const ancestors = function* (element) {
      for (let at = element; at && at !== document.documentElement; at = at.parentElement) yield at;
    };
    const insideOf = (element) => {
      const { left, top } = element.getBoundingClientRect();
      const [x, y] = [left + element.clientLeft, top + element.clientTop];
      return { left: x, top: y, right: x + element.clientWidth, bottom: y + element.clientHeight };
    };
    const hides = (overflow) => overflow === "hidden" || overflow === "clip";
    const scrolls = (overflow) => overflow === "auto" || overflow === "scroll";
    const isToldElsewhere = (element, text) => {
      const told = element.closest("[title]")?.title ?? "";
      return told.replace(/\s+/g, " ").includes(text.replace(/\s+/g, " ").trim());
    };
    const widthOf = (text, style) => {
      const canvas = document.createElement("canvas").getContext("2d");
      canvas.font = style.font;
      canvas.letterSpacing = style.letterSpacing === "normal" ? "0px" : style.letterSpacing;
      return canvas.measureText(text).width;
    };

    /** What is left of a box inside of all that clips it; says what is cut off. */
    const clipped = (box, element, onCut) => {
      let { left, top, right, bottom } = box;
      for (const at of ancestors(element)) {
        const style = getComputedStyle(at);
        if (style.display === "inline") continue;
        const paints = /paint|content|strict/.test(style.contain);
        const edge = insideOf(at);
        if (hides(style.overflowX) || paints) {
          if (left < edge.left - SLACK || right > edge.right + SLACK) onCut(at, style.textOverflow);
        }
        if (hides(style.overflowY) || paints) {
          if (top < edge.top - SLACK || bottom > edge.bottom + SLACK) onCut(at, style.textOverflow);
        }
        if (scrolls(style.overflowY)) {
          [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
          if (bottom <= top) return undefined;
        }
        if (style.position === "fixed") {
          // Hidden above the screen until it has the focus.
          if (bottom <= 0) return undefined;
          if (top < -SLACK || bottom > innerHeight + SLACK) onCut(undefined);
          break;
        }
      }
      if (left < -SLACK || right > innerWidth + SLACK) onCut(undefined);
      return { left, top, right, bottom };
    };
    const sayCut = (what) => (by, textOverflow) => {
      const ellipsis = textOverflow === "ellipsis" ? " by an ellipsis" : "";
      faults.add(`${what} is cut${ellipsis} at the edge of ${by ? nameOf(by) : "the screen"}`);
    };
    /** What floats above the rest: compared with itself only. */
    const layerOf = (element) => {
      for (const at of ancestors(element)) {
        const { position, zIndex } = getComputedStyle(at);
        if (position === "fixed" || (position !== "static" && zIndex !== "auto")) return at;
      }
      return document.body;
    };

    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) faults.add(`the page scrolls sideways: ${scrollWidth} > ${clientWidth}`);

    const inks = [];
    const addInk = (element, box, slim, what) => {
      const height = box.bottom - box.top;
      inks.push({
        element,
        what,
        layer: layerOf(element),
        left: box.left + 1,
        right: box.right - 1,
        // Of a line of text, what its letters take up.
        top: box.top + (slim ? height * 0.22 : 1),
        bottom: box.bottom - (slim ? height * 0.22 : 1),
      });
    };

    for (const element of scene.querySelectorAll("*")) {
      if (!isSeen(element)) continue;
      const style = getComputedStyle(element);
      const isField = element.matches("input, textarea, select");
      if (!isField && scrolls(style.overflowX) && element.scrollWidth > element.clientWidth + 1) {
        faults.add(`${nameOf(element)} scrolls sideways: ${element.scrollWidth} > ${element.clientWidth}`);
      }
      if (isField) {
        const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
        const room = element.clientWidth - padding + SLACK;
        const isEmpty = element.localName !== "select" && !element.value;
        if (isEmpty && element.placeholder && widthOf(element.placeholder, style) > room) {
          faults.add(`the placeholder ${quoted(element.placeholder)} is cut`);
        }
        if (element.localName === "select") {
          const text = element.selectedOptions[0]?.text ?? "";
          // The arrow is inside.
          const isCut = widthOf(text, style) > room - 16;
          if (isCut && style.textOverflow !== "ellipsis") faults.add(`the choice ${quoted(text)} is cut`);
        }
        if (/^(date|time)$/.test(element.type) && element.scrollWidth > element.clientWidth + 1) {
          faults.add(`the ${element.type} in ${quoted(element.ariaLabel ?? "")} is cut`);
        }
      }
      if (isField || element.matches("svg.icon, svg.mark")) {
        const box = element.getBoundingClientRect();
        const what = isField ? `the field ${quoted(element.ariaLabel ?? element.name)}` : "an icon";
        const seen = clipped(box, element.parentElement, sayCut(what));
        if (seen && box.width > 0)
          addInk(element, seen, false, `${what} in ${nameOf(element.parentElement)}`);
      }
    }

    const texts = document.createTreeWalker(scene, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || element.closest("option, script, style, textarea") || !isSeen(element))
        continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) {
        if (box.width < 1) continue;
        const onCut = (by, textOverflow) => {
          if (textOverflow === "ellipsis" && isToldElsewhere(element, node.data)) return;
          sayCut(`${quoted(node.data)} in ${nameOf(element)}`)(by, textOverflow);
        };
        const seen = clipped(box, element, onCut);
        if (seen) addInk(element, seen, true, `${quoted(node.data)} in ${nameOf(element)}`);
      }
    }

    for (const [index, one] of inks.entries()) {
      for (const other of inks.slice(index + 1)) {
        if (one.layer !== other.layer || one.element.contains(other.element)) continue;
        if (other.element.contains(one.element) && one.element !== other.element) continue;
        const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        if (wide > 1 && high > 1) faults.add(`${one.what} and ${other.what} lie on one another`);
      }
    }
    return [...faults];
  });
}
