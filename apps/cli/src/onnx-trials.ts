/** What an ONNX file is tried on: items of a data set in the file's own form, or drawn inputs, in batches. */
import { UsageError } from "@isthmus/command-line/node";
import { inferLatents } from "@isthmus/compress";
import { batches, type Dataset, itemSize, take } from "@isthmus/data";
import { type Engine, type HostArray, idLimits, type Model } from "@isthmus/graph";
import { describeOnnx, drawnInputs, importOnnx, type ItemForm, itemForm, itemsIn, type OnnxFile } from "@isthmus/onnx";
import type { Console } from "./console.ts";
import { openSplit } from "./datasets.ts";
import { NAMED } from "./options.ts";

/** What is fed at once, by name. */
type Tensors = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: HostArray }>>;

/** A file that is tried, and the model that it is a part of, if any. */
export interface TriedFile extends OnnxFile {
  /** What to call it. */
  readonly path: string;
  readonly model?: Model;
  /** How it has the items of that model. */
  readonly form?: ItemForm;
}

export interface TrialOptions {
  /** A data set. */
  readonly calibrate?: string;
  readonly dataDir?: string;
  readonly items?: number;
}

export interface Trials {
  readonly calibration: readonly Tensors[];
  /** Others. */
  readonly measured: readonly Tensors[];
  readonly items: number;
  /** Where the measured inputs come from, in words. */
  readonly source: string;
  /** The items that were fed, or encoded, as the file has them. */
  readonly truth?: HostArray;
  /** What their numbers are. */
  readonly values?: string;
}

/** Of either kind of trial, where the user does not say. */
export const TRIAL_ITEMS = 256;

/** Items that are run at once, where the file does not fix them. */
const AT_ONCE = 32;

export async function openTrials(
  console: Console,
  engine: Engine,
  file: TriedFile,
  options: TrialOptions,
): Promise<Trials> {
  const { items = TRIAL_ITEMS, calibrate } = options;
  const inputs = new TrialInputs(file);
  if (calibrate === undefined) {
    const count = inputs.batches(items);
    const [calibration, measured] = [inputs.drawn(count, 0), inputs.drawn(count, count)];
    return { calibration, measured, items: inputs.counted(measured), source: "drawn inputs" };
  }
  const form = file.form ?? inputs.form();
  const all = await openItems(console, file, form, { ...options, calibrate }).catch((error: unknown) => {
    throw inputs.isCode && !file.model ? ofCodes(error) : error;
  });
  const half = inputs.whole(Math.min(items, Math.floor(all.items / 2)));
  if (half === 0) throw new UsageError(`--calibrate ${calibrate} has ${all.items} items, too few to halve`);
  const [first, second] = [take(all, 0, half), take(all, half, 2 * half)];
  const fed = async (some: Dataset) =>
    inputs.with(inputs.isCode && file.model ? await codesOf(engine, file.model, some) : itemsIn(form, rowsOf(some)));
  return {
    calibration: await fed(first),
    measured: await fed(second),
    items: half,
    source: `items of ${calibrate}`,
    truth: itemsIn(form, rowsOf(second)),
    values: form.values,
  };
}

async function openItems(
  console: Console,
  { model }: TriedFile,
  { shape }: ItemForm,
  { calibrate: data, dataDir }: TrialOptions & { readonly calibrate: string },
): Promise<Dataset> {
  const split = NAMED.some((name) => name === data) ? "test" : "all";
  const reader = { shape, ...(model?.data && { data: model.data }) };
  try {
    return await openSplit(console, { data, split, ...(dataDir !== undefined && { dataDir }) }, reader);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new UsageError(`--calibrate: ${cause.message.replace(/^--data /, "")}`, { cause });
  }
}

/** A decoder's file alone cannot make codes of items. */
function ofCodes(error: unknown): unknown {
  if (!(error instanceof UsageError)) return error;
  const advice = "it takes codes, which isthmus export --precision makes of a model's items";
  return new UsageError(`${error.message}; ${advice}`, { cause: error });
}

/** All items as rows of the network's numbers. */
function rowsOf(dataset: Dataset): Float32Array {
  const rows = new Float32Array(dataset.items * itemSize(dataset));
  for (const { values } of batches(dataset, { batchSize: dataset.items })) rows.set(values);
  return rows;
}

/** What a decoder of the model is fed. */
async function codesOf(engine: Engine, model: Model, dataset: Dataset): Promise<Float32Array> {
  const others = Object.keys(model.encoder.inputs).filter((name) => name !== "x");
  if (others.length > 0) {
    throw new UsageError(`--calibrate: codes of this model depend on ${others.join(", ")}; take --part autoencoder`);
  }
  return (await inferLatents(engine, model, batches(dataset, { batchSize: AT_ONCE }))).values;
}

/** The inputs of one file. */
class TrialInputs {
  /** Whether it is fed codes: a decoder of a model. */
  readonly isCode: boolean;
  private readonly file: TriedFile;
  private readonly described: ReturnType<typeof describeOnnx>;
  private readonly ids: ReadonlyMap<string, number>;
  /** The input that items go to. */
  private readonly name: string;
  /** Items at once, which the file may fix. */
  private readonly size: number;
  private readonly isFixed: boolean;

  constructor(file: TriedFile) {
    this.file = file;
    this.described = describeOnnx(file.bytes);
    const { inputs } = this.described;
    const hasIds = inputs.some(({ dtype }) => dtype.startsWith("int"));
    this.ids = hasIds ? idLimits(importOnnx(file.bytes, file).program) : new Map();
    const found = ["x", "z"].find((name) => inputs.some((port) => port.name === name)) ?? inputs[0]?.name;
    if (found === undefined) throw new UsageError(`${file.path} has no input`);
    this.name = found;
    this.isCode = found === "z";
    const first = inputs.find(({ name }) => name === found)!.shape[0];
    this.isFixed = typeof first === "number";
    this.size = typeof first === "number" ? first : AT_ONCE;
  }

  form(): ItemForm {
    const form = itemForm(this.described, this.name);
    if (form) return form;
    throw new UsageError(`--calibrate: input "${this.name}" of ${this.file.path} has open axes`);
  }

  /** As many of these items as whole batches hold. */
  whole(items: number): number {
    return this.isFixed ? items - (items % this.size) : items;
  }

  /** Batches that hold about so many. */
  batches(items: number): number {
    return Math.max(1, Math.floor(items / this.size));
  }

  drawn(count: number, from: number): Tensors[] {
    return Array.from({ length: count }, (_, index) => this.draw(this.size, from + index));
  }

  counted(drawn: readonly Tensors[]): number {
    return drawn.length * this.size;
  }

  /** With these values, row-major, for the input of items; the others are drawn. */
  with(values: HostArray): Tensors[] {
    const { shape } = this.draw(1, 0)[this.name]!;
    const width = shape.slice(1).reduce((product, size) => product * size, 1);
    const items = values.length / width;
    return Array.from({ length: Math.ceil(items / this.size) }, (_, index) => {
      const from = index * this.size;
      const size = Math.min(this.size, items - from);
      const tensors = this.draw(size, index);
      const data = values.subarray(from * width, (from + size) * width);
      return { ...tensors, [this.name]: { shape: tensors[this.name]!.shape, data } };
    });
  }

  private draw(batch: number, seed: number): Tensors {
    return drawnInputs(this.file.bytes, { batch, seed: seed + 1, ids: this.ids });
  }
}
