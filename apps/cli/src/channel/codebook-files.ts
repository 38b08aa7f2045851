/** Codebooks as files: JSON, CSV, NPY, and, to be written alone, a C header. */
import { type Codebook, codebook } from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { parseNpy, writeNpy } from "@isthmus/data";
import { readFileBytes } from "@isthmus/data/node";
import { basename, extname } from "node:path";
import { namingFile } from "../errors.ts";
import { codebookHeader } from "./codebook-header.ts";
import { rowsOf } from "./codebook-rows.ts";

const FORMAT = "isthmus-codebook";
const READABLE = [".json", ".csv", ".npy"] as const;
const WRITABLE = [...READABLE, ".h"] as const;

/** Whether a file of this name may hold a codebook. */
export function isCodebookName(path: string): boolean {
  return (READABLE as readonly string[]).includes(extname(path).toLowerCase());
}

/** Throws `UsageError` unless a codebook can be written to a file of this name. */
export function requireCodebookEnding(path: string): void {
  if ((WRITABLE as readonly string[]).includes(extname(path).toLowerCase())) return;
  throw new UsageError(`--codebook expected a name ending in ${WRITABLE.join(", ")}, got ${path}`);
}

/** Reads what {@link codebookBytes} wrote, or somebody else: JSON with `points`, CSV with a header, NPY [M, n] or [M, n, 2]. */
export async function readCodebook(path: string): Promise<Codebook> {
  const bytes = await readFileBytes(path);
  const name = basename(path, extname(path));
  try {
    return namingFile(path, () => readers[extname(path).toLowerCase() as keyof typeof readers](bytes, name));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError)
      throw new UsageError(`${path} holds no codebook: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The bytes of a file of this name. Complex uses are pairs: columns re1, im1, ... of CSV, [M, n, 2] of NPY. */
export function codebookBytes(path: string, book: Codebook): Uint8Array {
  const ending = extname(path).toLowerCase();
  if (ending === ".npy") return writeNpy({ shape: npyShape(book), values: book.points });
  const text =
    ending === ".json"
      ? jsonText(book)
      : ending === ".csv"
        ? csvText(book)
        : codebookHeader(book, basename(path, ".h"));
  return new TextEncoder().encode(text);
}

const readers = { ".json": fromJson, ".csv": fromCsv, ".npy": fromNpy } as const;

function fromJson(bytes: Uint8Array, name: string): Codebook {
  const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Record<string, unknown>> | null;
  const { points, labels, complex = false, name: own = name } = value ?? {};
  if (!Array.isArray(points)) throw new TypeError(`"points" expected rows of numbers, got ${typeof points}`);
  return codebook(points as number[][], {
    name: String(own),
    complex: complex === true,
    ...(labels !== undefined && { labels: labels as number[] }),
  });
}

function jsonText(book: Codebook): string {
  const { name, n, complex, labels } = book;
  const head = { format: FORMAT, name, k: book.k, n, complex };
  const rows = rowsOf(book).map((row) => `    ${JSON.stringify(row)}`);
  const start = JSON.stringify(head, null, 2).replace(/\n\}$/, "");
  return `${start},\n  "labels": ${JSON.stringify(Array.from(labels))},\n  "points": [\n${rows.join(",\n")}\n  ]\n}\n`;
}

function fromCsv(bytes: Uint8Array, name: string): Codebook {
  const [head = "", ...lines] = new TextDecoder().decode(bytes).trim().split(/\r?\n/);
  const columns = head.split(",").map((column) => column.trim());
  const [first, second] = columns.slice(columns[0] === "label" ? 1 : 0);
  if (first === undefined || Number.isFinite(Number(first)))
    throw new RangeError(`"header" expected label,x1,x2,... or label,re1,im1,..., got ${head.slice(0, 40)}`);
  const rows = lines.map((line) => line.split(",").map((cell) => (cell.trim() === "" ? Number.NaN : Number(cell))));
  const labelled = columns[0] === "label";
  return codebook(
    rows.map((row) => (labelled ? row.slice(1) : row)),
    { name, complex: second?.startsWith("im") === true, ...(labelled && { labels: rows.map((row) => row[0]!) }) },
  );
}

function csvText(book: Codebook): string {
  const columns = Array.from({ length: book.n }, (_, i) => (book.complex ? `re${i + 1},im${i + 1}` : `x${i + 1}`));
  const rows = rowsOf(book).map((row, m) => [book.labels[m], ...row].join(","));
  return `${["label", ...columns].join(",")}\n${rows.join("\n")}\n`;
}

function fromNpy(bytes: Uint8Array, name: string): Codebook {
  const { shape, values } = parseNpy(bytes);
  const complex = shape.length === 3 && shape[2] === 2;
  if (!complex && shape.length !== 2)
    throw new RangeError(`"shape" expected [M, n], or [M, n, 2] of complex uses, got [${shape.join(", ")}]`);
  const columns = shape.slice(1).reduce((product, size) => product * size, 1);
  const rows = Array.from({ length: shape[0]! }, (_, m) =>
    Array.from({ length: columns }, (__, i) => Number(values[m * columns + i])),
  );
  return codebook(rows, { name, complex });
}

function npyShape(book: Codebook): number[] {
  return book.complex ? [book.size, book.n, 2] : [book.size, book.n];
}
