const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 320;
const HEIGHT = 120;
const MARGIN = 4;

/** Numbers as a line, in place of what `into` showed; not a number is a gap. */
export function drawSeries(into: HTMLElement, values: ArrayLike<number>, label: string): void {
  const finite = Array.from(values).filter(Number.isFinite);
  const [least, largest] = [Math.min(...finite), Math.max(...finite)];
  const height = largest > least ? largest - least : 1;
  const x = (i: number) => MARGIN + (i / Math.max(1, values.length - 1)) * (WIDTH - 2 * MARGIN);
  const y = (value: number) => HEIGHT - MARGIN - ((value - least) / height) * (HEIGHT - 2 * MARGIN);
  const points = Array.from(values, (value, i) => [i, value] as const).filter(([, value]) => Number.isFinite(value));
  const svg = svgElement("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  svg.append(
    svgElement("polyline", {
      points: points.map(([i, value]) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" "),
    }),
  );
  into.replaceChildren(svg);
}

function svgElement(tag: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
