import { type Dataset, select } from "@isthmus/data";
import { interpolateLinear, interpolateSpherical, type Path } from "@isthmus/math";
import type { ItemPicture } from "./picture.ts";
import { repeated } from "../trained.ts";
import { codesOf, decodeAll, requireItem, type Subject } from "./subject.ts";

export interface InterpolationOptions {
  readonly from: number;
  readonly to: number;
  /** Images from the first to the last, both included. */
  readonly steps: number;
  readonly ways: readonly Way[];
}

type Way = "linear" | "spherical";

const PATHS: Readonly<Record<Way, Path>> = { linear: interpolateLinear, spherical: interpolateSpherical };

/** Decodings on the way from the code of one item to that of another, a row for each way. */
export async function interpolation(
  subject: Subject,
  dataset: Dataset,
  { from, to, steps, ways }: InterpolationOptions,
): Promise<ItemPicture> {
  requireItem("--from", from, dataset);
  requireItem("--to", to, dataset);
  const { ends, told } = await endsOf(subject, dataset, [from, to]);
  const times = Array.from({ length: steps }, (_, step) => step / (steps - 1));
  const codes = ways.flatMap((way) => times.map((t) => PATHS[way](ends[0]!, ends[1]!, t)));
  return {
    kind: "items",
    images: { shape: subject.shape, values: await decodeAll(subject, codes, told) },
    grid: {
      columns: steps,
      columnLabels: times.map((t) => Number(t.toFixed(2)).toString()),
      ...(ways.length > 1 && { rowLabels: ways }),
    },
    alt: `${steps} decodings on the way from the code of item ${from} to that of item ${to}, ${ways.join(" and ")}`,
  };
}

export interface SheetOptions {
  /** Items at upper left, upper right, lower left, lower right. */
  readonly corners: readonly number[];
  /** Rows and columns. */
  readonly size: number;
}

/** Decodings between the codes of four items: spherical along the upper and lower edge, then between them. */
export async function sheet(subject: Subject, dataset: Dataset, { corners, size }: SheetOptions): Promise<ItemPicture> {
  for (const corner of corners) requireItem("--corners", corner, dataset);
  const { ends, told } = await endsOf(subject, dataset, corners);
  const [upperLeft, upperRight, lowerLeft, lowerRight] = ends as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const codes = Array.from({ length: size * size }, (_, cell) => {
    const [down, right] = [Math.floor(cell / size) / (size - 1), (cell % size) / (size - 1)];
    const upper = interpolateSpherical(upperLeft, upperRight, right);
    return interpolateSpherical(upper, interpolateSpherical(lowerLeft, lowerRight, right), down);
  });
  return {
    kind: "items",
    images: { shape: subject.shape, values: await decodeAll(subject, codes, told) },
    grid: { columns: size },
    alt: `${size} by ${size} decodings between the codes of items ${corners.join(", ")} at the corners`,
  };
}

/** Codes of items; a conditional model decodes all with what it is told of the first. */
async function endsOf(subject: Subject, dataset: Dataset, items: readonly number[]) {
  const { dims, mean, told } = await codesOf(subject, select(dataset, items));
  const ends = items.map((_, index) => mean.subarray(index * dims, (index + 1) * dims));
  return { ends, told: repeated(told, { items: items.length, item: 0, count: 1 }) };
}
