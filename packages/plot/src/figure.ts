import { FONT, svgHead } from "./chart.ts";
import { requireSome } from "./checks.ts";
import { INK, MUTED } from "./palette.ts";
import { escaped } from "./xml.ts";

export interface Figure {
  readonly title: string;
  readonly subtitle?: string;
  /** Drawings of this package. */
  readonly panels: readonly string[];
  /** Panels to a row. Default: all in one. */
  readonly columns?: number;
}

const HEADING = 44;
const SUBTITLE = 22;

/**
 * Several charts as one drawing, side by side.
 *
 * @throws RangeError without panels, and for text that is no drawing of this package
 */
export function figure({ title, subtitle, panels, columns = panels.length }: Figure): string {
  requireSome("panels", panels);
  const sizes = panels.map(sizeOfSvg);
  const pitch = [Math.max(...sizes.map(([width]) => width)), Math.max(...sizes.map(([, height]) => height))] as const;
  const across = Math.min(columns, panels.length);
  const top = HEADING + (subtitle === undefined ? 0 : SUBTITLE);
  const size = { width: across * pitch[0], height: top + Math.ceil(panels.length / across) * pitch[1] };
  const placed = panels.map((panel, index) =>
    nested(panel, index, (index % across) * pitch[0], top + Math.floor(index / across) * pitch[1]),
  );
  const words = [text(14, 28, 18, INK, title, ' font-weight="600"')];
  if (subtitle !== undefined) words.push(text(14, 50, 13, MUTED, subtitle, ""));
  const background = `<rect width="${size.width}" height="${size.height}" fill="#ffffff"></rect>`;
  return `${[svgHead(size), `<title>${escaped(title)}</title>`, background, ...words, ...placed, "</svg>"].join("\n")}\n`;
}

function sizeOfSvg(svg: string): readonly [width: number, height: number] {
  const [, width, height] = /^<svg [^>]*?width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  if (width === undefined) throw new RangeError(`"panels" expected drawings, got ${JSON.stringify(svg.slice(0, 40))}`);
  return [Number(width), Number(height)];
}

/** A drawing inside another: at its place, its names told from those of its neighbours. */
function nested(panel: string, index: number, x: number, y: number): string {
  const own = panel.replaceAll(/(?<= id="|url\(#)(?=\w)/g, `p${index}-`);
  return own.replace('<svg xmlns="http://www.w3.org/2000/svg"', `<svg x="${x}" y="${y}"`).trimEnd();
}

function text(x: number, y: number, size: number, fill: string, words: string, more: string): string {
  const font = `font-family="${escaped(FONT)}" font-size="${size}"`;
  return `<text x="${x}" y="${y}" ${font} fill="${fill}"${more}>${escaped(words)}</text>`;
}
