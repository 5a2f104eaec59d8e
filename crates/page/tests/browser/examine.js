(() => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((c) => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const groundOf = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const label = (element, more) => `${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 40)} ${more}`;
  const tooWide = [];
  const unreadable = [];
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > room) tooWide.push(`page ${document.documentElement.scrollWidth} > ${room}`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.nodeValue.trim() || seen.has(element)) continue;
    seen.add(element);
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (element.closest("thead") && box.width <= 2) continue;
    if (style.clipPath !== "none" || box.width === 0) continue;
    if (element.closest("thead") && getComputedStyle(element.closest("thead")).clipPath !== "none") continue;
    if (box.right > room + 0.5 || box.left < -0.5) tooWide.push(label(element, `${box.left}..${box.right}`));
    const ratio = contrast(style.color, groundOf(element));
    if (ratio < 4.5) unreadable.push(label(element, ratio.toFixed(2)));
    if (parseFloat(style.fontSize) < 12) unreadable.push(label(element, style.fontSize));
  }
  return {
    scripts: document.scripts.length,
    tooWide: tooWide.slice(0, 10),
    unreadable: unreadable.slice(0, 10),
    styled: getComputedStyle(document.body).marginTop === "0px",
    ground: getComputedStyle(document.body).backgroundColor,
  };
})()
