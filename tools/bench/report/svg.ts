/** A drawing of text and lines; every chart here is put together from these. */
export const INK = "#1f2933";
const FAINT = "#9aa5b1";
/** Colours that stay apart for colour-blind readers (Okabe and Ito 2008). */
export const COLOURS: readonly string[] = ["#0072b2", "#56b4e9", "#d55e00", "#009e73", "#cc79a7", "#e69f00"];

export type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${text(rounded(value))}"`);
  return `<${name}${list.join("")}${content === "" ? "/>" : `>${content}</${name}>`}`;
}

export function label(x: number, y: number, words: string, attributes: Attributes = {}): string {
  return element("text", { x, y, fill: INK, ...attributes }, text(words));
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string {
  return element("line", { x1, y1, x2, y2, stroke: FAINT, "stroke-width": 1, ...attributes });
}

export function drawing(width: number, height: number, title: string, parts: readonly string[]): string {
  const frame = { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" };
  const font = { "font-family": "system-ui, sans-serif", "font-size": 13 };
  const background = element("rect", { width, height, fill: "#ffffff" });
  const content = [element("title", {}, text(title)), background, ...parts].join("\n");
  return `${element("svg", { ...frame, ...font }, `\n${content}\n`)}\n`;
}

function text(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function rounded(value: string | number): string {
  return typeof value === "number" ? String(Number(value.toFixed(2))) : value;
}
