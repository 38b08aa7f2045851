import type { Dataset } from "@isthmus/data";
import { principalAxes } from "@isthmus/math";
import { UsageError } from "../errors.ts";
import { type Codes, hasStandardNormalPrior } from "../trained.ts";
import type { ChartPicture } from "./picture.ts";
import { codesOf, type Subject } from "./subject.ts";

export interface LatentOptions {
  /** Two latents, from 1; otherwise the only two, or the first two principal axes. */
  readonly dims?: readonly [number, number];
  readonly title?: string;
  readonly width?: number;
  readonly height?: number;
  readonly legend?: boolean;
}

/** Where items lie: two latents, or the first two principal axes of the codes; rings are those of a prior N(0, I). */
export async function latentChart(
  subject: Subject,
  dataset: Dataset,
  { dims, title, width = 760, height = 640, legend = true }: LatentOptions,
): Promise<ChartPicture> {
  const { scatterChart, histogram } = await import("@isthmus/plot");
  const codes = await codesOf(subject, dataset);
  const [x, y] = directions(codes, dims);
  const prior = hasStandardNormalPrior(subject.model);
  const where = codes.logVar ? "posterior means" : "codes";
  const subtitle = `${where} of ${dataset.items.toLocaleString("en-US")} items of ${dataset.name}${prior ? "; rings: standard deviations of the prior" : ""}`;
  const frame = { title: title ?? "Latent space", subtitle, width, height };
  const alt = `${where} of ${dataset.items} items in the plane of ${x.name} and ${y?.name ?? "density"}, coloured by label`;
  if (!y) {
    const curve = { name: "prior N(0, 1)", density: (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) };
    const series = byClass(dataset, x.values);
    return { kind: "chart", svg: histogram({ ...frame, x: { name: x.name }, series, ...(prior && { curve }) }), alt };
  }
  const svg = scatterChart({
    ...frame,
    x: { name: x.name },
    y: { name: y.name },
    points: Array.from(x.values, (value, item) => [value, y.values[item]!] as const),
    ...classesOf(dataset),
    ...(prior && { rings: [1, 2, 3].map((radius) => ({ radius, name: `${radius} sigma` })) }),
    legend,
  });
  return { kind: "chart", svg, alt };
}

/** Coordinates of all items along one axis. */
interface Direction {
  readonly name: string;
  readonly values: Float64Array;
}

function directions(codes: Codes, chosen: LatentOptions["dims"]): readonly [Direction, Direction?] {
  const latent = (index: number): Direction => ({
    name: `z${index + 1}`,
    values: Float64Array.from({ length: codes.items }, (_, item) => codes.mean[item * codes.dims + index]!),
  });
  if (chosen) {
    const strange = chosen.find((index) => index > codes.dims);
    if (strange !== undefined) throw new UsageError(`--dims expected latents from 1 to ${codes.dims}, got ${strange}`);
    return [latent(chosen[0] - 1), latent(chosen[1] - 1)];
  }
  if (codes.dims === 1) return [latent(0)];
  if (codes.dims === 2) return [latent(0), latent(1)];
  const { axes, shares } = principalAxes(codes.mean, { dims: codes.dims, count: 2 });
  const along = (index: number): Direction => ({
    name: `principal axis ${index + 1} of ${codes.dims} latents (${(100 * shares[index]!).toFixed(0)} % of their variance)`,
    values: project(codes, axes[index]!),
  });
  return [along(0), along(1)];
}

/** From the origin, not from the mean, so that a prior N(0, I) is N(0, I) in the plane as well. */
function project({ items, dims, mean }: Codes, axis: Float64Array): Float64Array {
  return Float64Array.from({ length: items }, (_, item) =>
    axis.reduce((sum, weight, index) => sum + weight * mean[item * dims + index]!, 0),
  );
}

function classesOf({ labels, classes }: Dataset): { classes?: ArrayLike<number>; classNames?: string[] } {
  if (!labels) return {};
  const count = classes ?? Array.from(labels).reduce((most, label) => Math.max(most, label), 0) + 1;
  return { classes: labels, classNames: Array.from({ length: count }, (_, label) => String(label)) };
}

function byClass(dataset: Dataset, values: Float64Array): { name: string; values: number[] }[] {
  const { classes = [], classNames = ["items"] } = classesOf(dataset);
  const groups = classNames.map((name) => ({ name, values: [] as number[] }));
  values.forEach((value, item) => groups[classes[item] ?? 0]!.values.push(value));
  return groups.filter((group) => group.values.length > 0);
}
