import {
  arrayOf,
  type ArrayDescription,
  isTableDescription,
  seriesRows,
  shortestFloat,
  type TableDescription,
  tableOf,
} from "@isthmus/data";
import { elementCount } from "@isthmus/graph";
import { levels } from "@isthmus/plot/png";
import type { Decoded } from "../decode/decoded.ts";
import type { ServedModel } from "../models/served-model.ts";
import { areImages } from "./model-json.ts";

type Cell = number | string;

/** Numbers that are made at once: some milliseconds' worth. */
const BLOCK = 2 ** 13;

/** What a stream decoded to in the data's own units, row after row; of a category its name. It is made block by block, for who reads it from its beginning on. */
export class DecodedNumbers {
  /** Of an item; the last of a table may have fewer. */
  readonly ofItem: number;
  readonly length: number;
  private readonly row: number;
  private readonly rows: (from: number, to: number) => Cell[];
  private block: readonly Cell[] = [];
  private begin = 0;

  constructor(model: ServedModel, decoded: Decoded) {
    const { description } = model;
    const { count, shape, values, filledRows } = decoded;
    if (isTableDescription(description)) {
      const { columns, window = 1 } = description.item;
      this.row = columns.length;
      this.ofItem = window * this.row;
      this.length = seriesRows({ items: count, filledRows }, window) * this.row;
      const width = elementCount(shape) / window;
      this.rows = (from, to) => cellsOf(description, values.subarray(from * width, to * width) as Float32Array);
    } else {
      this.row = 1;
      this.ofItem = elementCount(shape);
      this.length = count * this.ofItem;
      this.rows = (from, to) => Array.from(numbersOf(model, values.subarray(from, to)) as Float64Array, Number);
    }
  }

  /** The numbers from one up to, without, another, each the first of a row; about 2^13 of them or fewer. */
  *pieces(from: number, to: number): Generator<readonly Cell[]> {
    const end = Math.min(to, this.length);
    for (let at = from; at < end;) {
      if (at < this.begin || at >= this.begin + this.block.length) this.read(at);
      const piece = this.block.slice(at - this.begin, end - this.begin);
      yield piece;
      at += piece.length;
    }
  }

  private read(at: number): void {
    const [from, all] = [at / this.row, this.length / this.row];
    this.begin = at;
    this.block = this.rows(from, Math.min(all, from + Math.max(1, Math.floor(BLOCK / this.row))));
  }
}

function cellsOf(description: TableDescription, values: Float32Array): Cell[] {
  const { rows, columns } = tableOf(description, values);
  return Array.from({ length: rows }).flatMap((_, row) =>
    columns.map((column) => (column.kind === "number" ? column.values[row]! : column.categories[column.values[row]!]!)),
  );
}

/** Of float32 those with the fewest digits. */
function numbersOf(model: ServedModel, values: Float32Array | Uint8Array) {
  if (values instanceof Uint8Array) return values;
  if (areImages(model)) return levels(values);
  const { description } = model;
  const array = description?.item.kind === "array" ? arrayOf(description as ArrayDescription, values).values : values;
  return array instanceof Float32Array ? Float64Array.from(array, shortestFloat) : array;
}
