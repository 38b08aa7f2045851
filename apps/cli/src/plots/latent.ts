import { UsageError } from "@isthmus/command-line/node";
import type { Dataset } from "@isthmus/data";
import { principalAxes } from "@isthmus/math";
import type { ChartFrame } from "@isthmus/plot";
import { basename } from "node:path";
import { type Codes, hasStandardNormalPrior, posteriorDraws } from "../trained.ts";
import type { ChartPicture } from "./picture.ts";
import { codesOf, type Subject } from "./subject.ts";

export interface LatentOptions {
  /** Two latents, from 1; otherwise the only two, or the first two principal axes. */
  readonly dims?: readonly [number, number];
  /** Draws of q(z|x) in place of its means, with the noise of this seed. */
  readonly draws?: { readonly seed: number };
}

/** Where items lie: two latents, or the first two principal axes of the codes; rings are those of a prior N(0, I). */
export async function latentChart(subject: Subject, dataset: Dataset, options: LatentOptions): Promise<ChartPicture> {
  const { where, alt, draw } = await space(subject, dataset, options);
  const prior = hasStandardNormalPrior(subject.model);
  const subtitle = subtitleOf(where, dataset, prior);
  return { kind: "chart", svg: await draw({ title: "Latent space", subtitle, width: 760, height: 640 }, true), alt };
}

/** The latent spaces of several models side by side, each under its file's name; all of the same items. */
export async function latentPanels(
  subjects: readonly Subject[],
  dataset: Dataset,
  options: LatentOptions,
): Promise<ChartPicture> {
  const { figure } = await import("@isthmus/plot");
  const panels: string[] = [];
  const alts: string[] = [];
  const words = new Set<string>();
  for (const [index, subject] of subjects.entries()) {
    const title = basename(subject.path, ".safetensors");
    const last = index === subjects.length - 1;
    const { where, alt, draw } = await space(subject, dataset, options);
    panels.push(await draw({ title, width: last ? 490 : 460, height: 460 }, last));
    alts.push(`${title}: ${alt}`);
    words.add(where);
  }
  const prior = subjects.some(({ model }) => hasStandardNormalPrior(model));
  const subtitle = subtitleOf([...words].join(" or "), dataset, prior);
  return { kind: "chart", svg: figure({ title: "Latent spaces", subtitle, panels }), alt: alts.join("; ") };
}

function subtitleOf(where: string, { items, name }: Dataset, prior: boolean): string {
  const rings = prior ? "; rings: standard deviations of the prior" : "";
  return `${where} of ${items.toLocaleString("en-US")} items of ${name}${rings}`;
}

/** A model's codes, in words and as a drawing. */
interface Space {
  readonly where: string;
  readonly alt: string;
  readonly draw: (frame: ChartFrame, legend: boolean) => Promise<string>;
}

async function space(subject: Subject, dataset: Dataset, { dims, draws }: LatentOptions): Promise<Space> {
  const codes = draws ? await drawnCodes(subject, dataset, draws.seed) : await codesOf(subject, dataset);
  const axes = directions(codes, dims);
  const [x, y] = axes;
  const where = draws ? "draws of q(z|x)" : codes.logVar ? "posterior means" : "codes";
  return {
    where,
    alt: `${where} of ${dataset.items} items in the plane of ${x.name} and ${y?.name ?? "density"}, coloured by label`,
    draw: (frame, legend) => chart(axes, dataset, frame, { legend, prior: hasStandardNormalPrior(subject.model) }),
  };
}

async function drawnCodes({ engine, model }: Subject, dataset: Dataset, seed: number): Promise<Codes> {
  const mean = await posteriorDraws(engine, model, dataset, seed);
  return { items: dataset.items, dims: mean.length / dataset.items, mean };
}

async function chart(
  [x, y]: Axes,
  dataset: Dataset,
  frame: ChartFrame,
  { legend, prior }: { readonly legend: boolean; readonly prior: boolean },
): Promise<string> {
  const { scatterChart, histogram } = await import("@isthmus/plot");
  if (!y) {
    const curve = { name: "prior N(0, 1)", density: (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) };
    const series = byClass(dataset, x.values);
    return histogram({ ...frame, x: { name: x.name }, series, ...(prior && { curve }) });
  }
  return scatterChart({
    ...frame,
    x: { name: x.name },
    y: { name: y.name },
    points: Array.from(x.values, (value, item) => [value, y.values[item]!] as const),
    ...classesOf(dataset),
    ...(prior && { rings: [1, 2, 3].map((radius) => ({ radius, name: `${radius} sigma` })) }),
    legend,
  });
}

/** Coordinates of all items along one axis. */
interface Direction {
  readonly name: string;
  readonly values: Float64Array;
}

/** The only one of a code of one latent, or two. */
type Axes = readonly [Direction, Direction?];

function directions(codes: Codes, chosen: LatentOptions["dims"]): Axes {
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
