/**
 * How a user's data become a network's numbers and those the user's data again. It is plain JSON, so that a model file
 * can hold it. Its parts are kept apart by what they decide:
 */
export type DataDescription = TableDescription | ArrayDescription | ImagesDescription;

/** Rows of named columns, or windows of such rows. */
export interface TableDescription {
  readonly version: typeof DESCRIPTION_VERSION;
  /** What an item is, in both directions. */
  readonly item: {
    readonly kind: "table";
    /** In the order of the features: a number is one, a category one for each of its names. */
    readonly columns: readonly FeatureColumn[];
    /** Rows of an item that is a window of a series. */
    readonly window?: number;
    readonly labels?: LabelDescription;
  };
  /** What else decides the network's input. */
  readonly reading: {
    readonly missing: MissingPolicy;
    /** Under `"mean"`, what stands for a missing value: one for each column, a number or a category. */
    readonly fills?: readonly (number | string)[];
  };
  /** What else decides what a decoded item is written as. */
  readonly writing: {
    readonly delimiter: string;
    readonly header: boolean;
    /** Type of an array that is written; numbers of a type without fractions are rounded. */
    readonly type: ArrayType;
  };
  readonly source: SourceNotes;
}

/** Items of an array of three or more dimensions, or u8 images. */
export interface ArrayDescription {
  readonly version: typeof DESCRIPTION_VERSION;
  readonly item: {
    readonly kind: "array";
    /** Of an item as it is stored in the file. */
    readonly stored: readonly number[];
    /** Of an item as a network sees it: images have their channels last. */
    readonly shape: readonly number[];
    /** For all elements: the network's number is (x - offset) / scale. */
    readonly offset: number;
    readonly scale: number;
  };
  readonly reading: { readonly missing: MissingPolicy; readonly fills?: readonly number[] };
  readonly writing: { readonly type: ArrayType };
  readonly source: SourceNotes;
}

/** Pictures of one size. */
export interface ImagesDescription {
  readonly version: typeof DESCRIPTION_VERSION;
  readonly item: {
    readonly kind: "images";
    readonly width: number;
    readonly height: number;
    /** 1 for grey, 3 for red, green, blue. */
    readonly channels: 1 | 3;
    readonly labels?: LabelDescription;
  };
  readonly reading: { readonly fit: ImageFit };
  readonly writing: Readonly<Record<string, never>>;
  readonly source: SourceNotes;
}

/** Changes when the meaning of a description changes. Others are refused. */
export const DESCRIPTION_VERSION = 1;

export type FeatureColumn =
  | {
      readonly kind: "number";
      readonly name: string;
      /** The network's number is (x - offset) / scale; 0 where scale is 0, as for a column that is constant. */
      readonly offset: number;
      readonly scale: number;
    }
  | { readonly kind: "category"; readonly name: string; readonly categories: readonly string[] };

/** Where labels come from, and what they are called in their order. */
export interface LabelDescription {
  /** The column; the folder's name where there are no columns. */
  readonly column: string;
  readonly classes: readonly string[];
}

/**
 * What is done about a missing value: an error, the mean of the training part (for a category the most frequent), or
 * nothing is read of its row.
 */
export type MissingPolicy = "refuse" | "mean" | "drop";

/** `crop`: scaled to cover, the middle taken; `stretch`: to the size; `pad`: to fit, black around it. */
export type ImageFit = "crop" | "stretch" | "pad";

/** Types of a written array. */
export type ArrayType = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "f32" | "f64";

/** How training and testing were told apart; decides nothing of what is encoded or decoded. */
export interface SourceNotes {
  /** Share of the items that was held out for testing. */
  readonly testShare?: number;
  /** Rows from a window of training to the next. */
  readonly stride?: number;
}

/** Whether items are rows of a table, or windows of them. */
export function isTableDescription(description: DataDescription | undefined): description is TableDescription {
  return description?.item.kind === "table";
}

/** The shape of an item as a network sees it. */
export function describedShape({ item }: DataDescription): readonly number[] {
  if (item.kind === "array") return item.shape;
  if (item.kind === "images") return [item.height, item.width, item.channels];
  const features = rowWidth(item);
  return item.window === undefined ? [features] : [item.window, features];
}

/** Network numbers of a row of a table. */
export function rowWidth({ columns }: Pick<TableDescription["item"], "columns">): number {
  return columns.reduce((sum, column) => sum + columnWidth(column), 0);
}

export function columnWidth(column: FeatureColumn): number {
  return column.kind === "number" ? 1 : column.categories.length;
}
