import { escaped } from "./xml.ts";

/** One self-contained page. */
export interface Page {
  readonly title: string;
  /** A sentence or two below the title. */
  readonly lead?: string;
  /** BCP 47. Default: `en`. */
  readonly language?: string;
  readonly sections: readonly Section[];
}

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A piece of a section. Text is text: nothing in it is markup. */
export type Block =
  | { readonly kind: "paragraph"; readonly text: string }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
      /** Columns, from 0, that hold numbers: aligned to the right. */
      readonly numeric?: readonly number[];
    }
  /** An SVG drawing or the bytes of a PNG; `alt` says what it shows to whoever cannot see it. */
  | {
      readonly kind: "picture";
      readonly picture: string | Uint8Array;
      readonly alt: string;
      readonly caption?: string;
    }
  /** Something long, folded up. */
  | { readonly kind: "details"; readonly summary: string; readonly text: string };

/** Nothing is fetched and no script runs, whatever the page holds. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const STYLE = `
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: #ffffff; color: #1f2933;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid #cbd2d9; }
.lead { color: #52606d; margin: 0 0 1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: 0; padding: 0; }
a { color: #0b5cad; }
table { border-collapse: collapse; margin: .75rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem 1.25rem .3rem 0; border-bottom: 1px solid #e4e7eb; overflow-wrap: anywhere; }
thead th { border-bottom: 2px solid #9aa5b1; }
tbody th { font-weight: 600; white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; }
figcaption { color: #52606d; font-size: .875rem; }
summary { cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f7fa; padding: .75rem; font-size: .8125rem; }
@media print { body { max-width: none; } section { break-inside: avoid; } nav { display: none; } }
`.trim();

/**
 * A page in one file: styles inside, pictures as data URLs, no script, nothing fetched. The same content gives the same
 * text.
 *
 * @throws RangeError for a picture without `alt`, and rows of another length than the head of their table
 */
export function page({ title, lead, language = "en", sections }: Page): string {
  const links = sections.map((section, index) => `<li><a href="#s${index + 1}">${escaped(section.title)}</a></li>`);
  return [
    "<!doctype html>",
    `<html lang="${escaped(language)}">`,
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title>`,
    `<style>\n${STYLE}\n</style>`,
    "</head>",
    "<body>",
    "<header>",
    `<h1>${escaped(title)}</h1>`,
    ...(lead === undefined ? [] : [`<p class="lead">${escaped(lead)}</p>`]),
    `<nav aria-label="Contents"><ul>${links.join("")}</ul></nav>`,
    "</header>",
    "<main>",
    ...sections.map(sectionHtml),
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function sectionHtml({ title, blocks }: Section, index: number): string {
  const id = `s${index + 1}`;
  const heading = `<h2 id="${id}">${escaped(title)}</h2>`;
  return [`<section aria-labelledby="${id}">`, heading, ...blocks.map(blockHtml), "</section>"].join("\n");
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return `<p>${escaped(block.text)}</p>`;
    case "table":
      return tableHtml(block);
    case "picture":
      return pictureHtml(block);
    case "details":
      return `<details><summary>${escaped(block.summary)}</summary><pre>${escaped(block.text)}</pre></details>`;
  }
}

type BlockOf<K extends Block["kind"]> = Extract<Block, { readonly kind: K }>;

/** The first cell of a row names it. */
function tableHtml({ head, rows, numeric = [] }: BlockOf<"table">): string {
  const aligned = (column: number) => (numeric.includes(column) ? ' class="number"' : "");
  const heads = head.map((cell, column) => `<th scope="col"${aligned(column)}>${escaped(cell)}</th>`);
  const row = (cells: readonly string[]): string => {
    if (cells.length !== head.length) throw new RangeError(`"rows" expected ${head.length} cells, got ${cells.length}`);
    const [first = "", ...rest] = cells;
    const others = rest.map((cell, index) => `<td${aligned(index + 1)}>${escaped(cell)}</td>`);
    return `<tr><th scope="row">${escaped(first)}</th>${others.join("")}</tr>`;
  };
  const body = rows.map(row).join("\n");
  return `<table>\n<thead><tr>${heads.join("")}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

function pictureHtml({ picture, alt, caption }: BlockOf<"picture">): string {
  if (alt.trim() === "") throw new RangeError(`"alt" expected words that say what the picture shows, got none`);
  const [type, bytes] =
    typeof picture === "string" ? ["image/svg+xml", new TextEncoder().encode(picture)] : ["image/png", picture];
  const image = `<img src="data:${type};base64,${base64(bytes as Uint8Array)}" alt="${escaped(alt)}">`;
  return `<figure>${image}${caption === undefined ? "" : `<figcaption>${escaped(caption)}</figcaption>`}</figure>`;
}

const CHUNK = 0x8000;

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let from = 0; from < bytes.length; from += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(from, from + CHUNK));
  }
  return btoa(binary);
}
