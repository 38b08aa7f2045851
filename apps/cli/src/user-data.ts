import { UsageError } from "@isthmus/command-line/node";
import {
  arrayDataset,
  type Dataset,
  describeArray,
  describeTable,
  dropMissing,
  dropMissingItems,
  type ImagesDescription,
  type ArrayDescription,
  type DataDescription,
  type ItemArray,
  isTableDescription,
  isGzip,
  parseNpy,
  readIdx,
  select,
  selectTableRows,
  split as divide,
  type Table,
  type TableDescription,
  tableDataset,
  tableOfNumbers,
} from "@isthmus/data";
import { loadImages, readCsv, readFileBytes, type ReadCsvOptions } from "@isthmus/data/node";
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { type Console, grouped, note } from "./console.ts";
import { requireOptionsOf, type TrainDataOptions } from "./data-options.ts";
import { fileKind } from "./file-kinds.ts";
import { type DataOptions, NAMED, type PartOptions } from "./options.ts";

const DEFAULT_TEST_SHARE = 0.1;

/** What a file or folder of the user's holds. */
type Content =
  | { readonly kind: "csv"; readonly bytes: Uint8Array }
  | { readonly kind: "array"; readonly array: ItemArray; readonly bytes: Uint8Array }
  | { readonly kind: "folder" };

/** Both parts of a user's data, their description fitted on the training part. */
export async function openTraining(
  console: Console,
  options: TrainDataOptions,
): Promise<{ readonly train: Dataset; readonly test: Dataset }> {
  const content = await openContent(options);
  requireOptionsOf(content.kind, options);
  if (options.window !== undefined && options.missing === "drop") {
    throw new UsageError("--missing drop would tear the series of --window apart; take mean or refuse");
  }
  if (options.stride !== undefined && options.window === undefined)
    throw new UsageError("--stride goes with --window only");
  const parts = await trainingParts(console, content, options);
  return { train: named(parts.train, options, content), test: named(parts.test, options, content) };
}

async function trainingParts(console: Console, content: Content, options: TrainDataOptions) {
  if (content.kind === "folder") return trainOnImages(options);
  if (content.kind === "array" && !isTable(content.array, options))
    return trainOnArray(console, content.array, options);
  const table =
    content.kind === "csv" ? readCsv(content.bytes, csvOptions(options)) : tableOfArray(content.array, options.data);
  return trainOnTable(console, table, content.kind === "array" ? content.array.type : "f64", options);
}

/** Arrays of numbers in rows are tables; a series is always one. */
function isTable({ shape }: ItemArray, { window }: TrainDataOptions): boolean {
  return shape.length === 2 || window !== undefined;
}

function tableOfArray({ shape, values }: ItemArray, name: string): Table {
  const columns = shape.length === 1 ? 1 : shape[1]!;
  if (shape.length > 2 || columns === 0) {
    throw new UsageError(`${name}: expected rows of numbers, [rows, columns], got [${shape.join(", ")}]`);
  }
  return tableOfNumbers(
    name,
    Float64Array.from(values as ArrayLike<number | bigint> as ArrayLike<number>, Number),
    columns,
  );
}

function csvOptions({
  data,
  delimiter,
  header,
  columns,
  labelColumn,
  categorical = [],
}: TrainDataOptions): ReadCsvOptions {
  const label = labelColumn === undefined ? [] : [labelColumn];
  const chosen = columns && [...new Set([...columns, ...label])];
  const stray = columns && categorical.find((name) => !columns.includes(name));
  if (stray !== undefined) throw new UsageError(`--categorical ${stray} is not among --columns`);
  return {
    name: data,
    delimiter: delimiterOf(data, delimiter),
    header: header !== false,
    categorical: [...categorical, ...label],
    ...(chosen && { columns: chosen }),
  };
}

function delimiterOf(path: string, given: string | undefined, otherwise = ","): string {
  return given ?? (extname(path).toLowerCase() === ".tsv" ? "\t" : otherwise);
}

function trainOnTable(console: Console, read: Table, type: "f64" | ItemArray["type"], options: TrainDataOptions) {
  const { missing, standardise, window, stride, labelColumn, header, data } = options;
  const table = missing === "drop" && window === undefined ? withoutMissing(console, read) : read;
  const share = shareOf(options);
  const parts = window === undefined ? divided(table.rows, share, data) : cut(table.rows, share, { window, data });
  const description = describeTable(table, {
    trainRows: parts.train,
    source: { testShare: share, ...(window !== undefined && { stride: stride ?? window }) },
    writing: { delimiter: delimiterOf(data, options.delimiter), header: header !== false, type },
    ...(missing && { missing }),
    ...(standardise && { standardise }),
    ...(window !== undefined && { window }),
    ...(labelColumn !== undefined && { label: labelColumn }),
  });
  const part = (rows: Int32Array) =>
    tableDataset(description, selectTableRows(table, rows), stride === undefined ? {} : { stride });
  return { train: part(parts.train), test: part(parts.test) };
}

function withoutMissing(console: Console, table: Table): Table {
  const whole = dropMissing(table);
  if (whole.rows === 0) throw new UsageError(`${table.name}: every row lacks a value`);
  if (whole.rows < table.rows) {
    const [dropped, all] = [table.rows - whole.rows, table.rows].map(grouped);
    note(console, `${dropped} of ${all} rows lack a value and are left out`);
  }
  return whole;
}

function trainOnArray(console: Console, read: ItemArray, options: TrainDataOptions) {
  const { missing, standardise, data } = options;
  requireItems(read, data);
  const array = missing === "drop" ? dropMissingItems(read) : read;
  const [items, all] = [array.shape[0]!, read.shape[0]!];
  if (items < all) note(console, `${grouped(all - items)} of ${grouped(all)} items lack a value and are left out`);
  const share = shareOf(options);
  const parts = divided(items, share, data);
  const fit = { trainItems: parts.train, source: { testShare: share }, ...(missing && { missing }) };
  const description = describeArray(data, array, { ...fit, ...(standardise && { standardise }) });
  const whole = arrayDataset(description, array, data);
  return { train: select(whole, parts.train), test: select(whole, parts.test) };
}

async function trainOnImages(options: TrainDataOptions) {
  const { data, imageSize, imageFit, grey, folderLabels } = options;
  const all = await loadImages(data, {
    ...imageSize,
    ...(imageFit && { fit: imageFit }),
    ...(grey && { grey }),
    ...(folderLabels && { labels: folderLabels }),
  });
  const share = shareOf(options);
  const description = { ...(all.description as ImagesDescription), source: { testShare: share } };
  const parts = divided(all.items, share, data);
  return { train: select({ ...all, description }, parts.train), test: select({ ...all, description }, parts.test) };
}

interface Parts {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/** At random, but always the same: whoever opens the file again finds the items that were held out. */
function divided(items: number, share: number, name: string): Parts {
  const { kept, heldOut } = divide(items, { heldOut: heldOutOf(items, share, 1, name), seed: 0 });
  return { train: kept, test: heldOut };
}

/** The end of a series is held out: windows of both parts would overlap otherwise. */
function cut(rows: number, share: number, { window, data }: { readonly window: number; readonly data: string }): Parts {
  const test = heldOutOf(rows, share, window, data);
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  return { train: order.subarray(0, rows - test), test: order.subarray(rows - test) };
}

/** At least `least` for either part. */
function heldOutOf(items: number, share: number, least: number, name: string): number {
  const heldOut = Math.max(least, Math.round(items * share));
  if (items - heldOut >= least) return heldOut;
  throw new UsageError(
    `${name}: ${items} rows or items are too few for a training and a test part of at least ${least}`,
  );
}

export interface OpenPartOptions {
  /** What the model was trained on; where it is not known, the file is taken as it is. */
  readonly description?: DataDescription;
  /** Of the model's items: what pictures are scaled to where there is no description. */
  readonly shape: readonly number[];
  /** Whether a last window that is not whole is filled up, so that no row is left out. */
  readonly fillLast?: boolean;
}

/** A part of a file or folder of the user's, read as the model's data were. */
export async function openPart(
  console: Console,
  options: PartOptions,
  { description, shape, fillLast = false }: OpenPartOptions,
): Promise<Dataset> {
  const content = await openContent(options);
  requireOptionsOf(content.kind, options);
  const dataset = isTableDescription(description)
    ? partOfTable(console, tableFor(content, options, description), options, description, fillLast)
    : await partOfItems(content, options, description, shape);
  return named(dataset, options, content);
}

/** What is held out for testing: as asked, as the model's data were, or a tenth. */
export function shareOf({ testShare }: Pick<DataOptions, "testShare">, description?: DataDescription): number {
  return testShare ?? description?.source.testShare ?? DEFAULT_TEST_SHARE;
}

function tableFor(content: Content, options: PartOptions, { item, writing }: TableDescription): Table {
  const { data, delimiter, header } = options;
  if (content.kind === "folder") {
    throw new UsageError(`${data}: the model was trained on rows of numbers, not on pictures`);
  }
  if (content.kind === "array") return tableOfArray(content.array, data);
  return readCsv(content.bytes, {
    name: data,
    delimiter: delimiterOf(data, delimiter, writing.delimiter),
    header: header !== false && writing.header,
    columns: item.columns.map(({ name }) => name),
    categorical: item.columns.filter(({ kind }) => kind === "category").map(({ name }) => name),
    ...(item.labels && { optional: [item.labels.column] }),
  });
}

function partOfTable(
  console: Console,
  read: Table,
  options: PartOptions,
  description: TableDescription,
  fillLast: boolean,
): Dataset {
  const { window } = description.item;
  const { split, stride, data } = options;
  if (stride !== undefined && window === undefined) {
    throw new UsageError("--stride goes with models of windows only; this one takes single rows");
  }
  const table = description.reading.missing === "drop" ? withoutMissing(console, read) : read;
  const share = shareOf(options, description);
  const parts = (): Parts =>
    window === undefined ? divided(table.rows, share, data) : cut(table.rows, share, { window, data });
  const part = split === "all" ? table : selectTableRows(table, parts()[split]);
  return tableDataset(description, part, { fillLast, ...(stride !== undefined && { stride }) });
}

async function partOfItems(
  content: Content,
  options: PartOptions,
  description: ArrayDescription | ImagesDescription | undefined,
  shape: readonly number[],
): Promise<Dataset> {
  const { data, split } = options;
  const learned = description?.item.kind;
  if (content.kind === "csv") throw wrongKind(data, "a CSV file", learned);
  if (content.kind === "folder" && learned === "array") throw wrongKind(data, "pictures", learned);
  if (content.kind === "array" && learned === "images") throw wrongKind(data, "an array", learned);
  const all =
    content.kind === "folder"
      ? await pictures(options, description as ImagesDescription | undefined, shape)
      : items(content.array, data, description as ArrayDescription | undefined);
  return split === "all" ? all : select(all, divided(all.items, shareOf(options, description), data)[split]);
}

function wrongKind(data: string, got: string, learned: "array" | "images" | undefined): UsageError {
  const what = { array: "an array", images: "pictures" };
  const from = learned === undefined ? "images of a data set" : what[learned];
  return new UsageError(`${data}: the model was trained on ${from}, not on ${got}`);
}

function items(given: ItemArray, data: string, known: ArrayDescription | undefined): Dataset {
  requireItems(given, data);
  const description = known ?? describeArray(data, given, { standardise: "none" });
  return arrayDataset(description, description.reading.missing === "drop" ? dropMissingItems(given) : given, data);
}

async function pictures(
  { data, imageSize }: PartOptions,
  known: ImagesDescription | undefined,
  shape: readonly number[],
): Promise<Dataset> {
  if (!known) {
    const [height, width, channels] = shape;
    const size = imageSize ?? (channels !== undefined && { width: width!, height: height! });
    return await loadImages(data, { ...size, grey: channels === 1 });
  }
  if (imageSize) throw new UsageError("--image-size is kept in the model");
  const { width, height, channels, labels } = known.item;
  const asked = { width, height, fit: known.reading.fit, grey: channels === 1 };
  return await loadImages(data, { ...asked, ...(labels && { classes: labels.classes }) });
}

function requireItems({ shape }: ItemArray, data: string): void {
  if (shape.length >= 2) return;
  throw new UsageError(`${data}: expected an array [items, ...], got [${shape.join(", ")}]; a series takes --window`);
}

async function openContent({ data }: DataOptions): Promise<Content> {
  const found = await stat(data).catch(() => undefined);
  if (!found) throw new UsageError(`--data expected ${NAMED.join(", ")}, or a file or folder that exists, got ${data}`);
  if (found.isDirectory()) return { kind: "folder" };
  const bytes = await readFileBytes(data);
  const kind = fileKind(bytes);
  if (kind === "NPY") return { kind: "array", array: parseNpy(bytes, data), bytes };
  if (isGzip(bytes) || isIdx(bytes)) return { kind: "array", array: await readIdx(bytes, data), bytes };
  if (kind === undefined) return { kind: "csv", bytes };
  throw new UsageError(`${data} looks like ${kind}; expected CSV, NPY, IDX or a folder of pictures`);
}

/** Two zero bytes, then a type and a rank; no text begins so. */
function isIdx(bytes: Uint8Array): boolean {
  return bytes.length > 4 && bytes[0] === 0 && bytes[1] === 0;
}

/** Under the file's own name, which is the same on every machine, with the hash of its bytes. */
function named(dataset: Dataset, { data }: DataOptions, content: Content): Dataset {
  const name = basename(data);
  const { source } = dataset.provenance;
  return {
    ...dataset,
    name,
    provenance: {
      source: source.replace(data, name),
      ...("bytes" in content && { sha256: createHash("sha256").update(content.bytes).digest("hex") }),
    },
  };
}
