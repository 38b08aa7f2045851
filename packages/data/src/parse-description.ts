import { IsthmusError } from "@isthmus/math";
import type { ArrayType, DataDescription, FeatureColumn } from "./description.ts";
import { DESCRIPTION_VERSION } from "./description.ts";

/** A check of one value: what was expected, when it is something else. */
type Check = (value: unknown) => string | undefined;

const text: Check = (value) => (typeof value === "string" ? undefined : "a text");
const flag: Check = (value) => (typeof value === "boolean" ? undefined : "true or false");
const finite: Check = (value) => (Number.isFinite(value) ? undefined : "a finite number");
const notNegative: Check = (value) => (Number.isFinite(value) && (value as number) >= 0 ? undefined : "a number >= 0");
const size: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) > 0 ? undefined : "a whole number > 0";
const share: Check = (value) => (notNegative(value) === undefined && (value as number) <= 1 ? undefined : "a share");

const oneOf =
  (...known: readonly unknown[]): Check =>
  (value) =>
    known.includes(value) ? undefined : `one of ${known.join(", ")}`;

const list =
  (item: Check, least = 0): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length < least) return `a list of at least ${least}`;
    const at = value.findIndex((one) => item(one) !== undefined);
    return at < 0 ? undefined : `${item(value[at])} at ${at}`;
  };

const either =
  (one: Check, other: Check): Check =>
  (value) =>
    one(value) === undefined ? undefined : other(value);

const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? undefined : check(value);

const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "an object";
    const extra = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
    if (extra !== undefined) return `no "${extra}"`;
    for (const [key, check] of Object.entries(fields)) {
      const problem = check((value as Record<string, unknown>)[key]);
      if (problem !== undefined) return `"${key}": ${problem}`;
    }
    return undefined;
  };

const TYPES: readonly ArrayType[] = ["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"];
const names = list(text, 1);
const labels = optional(object({ column: text, classes: names }));
const missing = oneOf("refuse", "mean", "drop");
const source = object({ testShare: optional(share), stride: optional(size) });
const numberColumn = object({ kind: oneOf("number"), name: text, offset: finite, scale: notNegative });
const categoryColumn = object({ kind: oneOf("category"), name: text, categories: names });
const column: Check = (value) =>
  (value as { readonly kind?: unknown } | null)?.kind === "category" ? categoryColumn(value) : numberColumn(value);

const KINDS: Readonly<Record<DataDescription["item"]["kind"], Check>> = {
  table: object({
    version: finite,
    item: object({ kind: text, columns: list(column, 1), window: optional(size), labels }),
    reading: object({ missing, fills: optional(list(either(finite, text))) }),
    writing: object({ delimiter: text, header: flag, type: oneOf(...TYPES) }),
    source,
  }),
  array: object({
    version: finite,
    item: object({ kind: text, stored: list(size, 1), shape: list(size, 1), offset: finite, scale: notNegative }),
    reading: object({ missing, fills: optional(list(finite, 1)) }),
    writing: object({ type: oneOf(...TYPES) }),
    source,
  }),
  images: object({
    version: finite,
    item: object({ kind: text, width: size, height: size, channels: oneOf(1, 3), labels }),
    reading: object({ fit: oneOf("crop", "stretch", "pad") }),
    writing: object({}),
    source,
  }),
};

/**
 * A description that came from a file, checked.
 *
 * @throws IsthmusError `DATA_DESCRIPTION` for another version, an unknown kind of items, or a field that is not as it must
 * be, which the message names.
 */
export function parseDescription(json: unknown): DataDescription {
  const { version, item } = (json ?? {}) as { readonly version?: unknown; readonly item?: { readonly kind?: unknown } };
  if (version !== DESCRIPTION_VERSION) {
    throw invalid(`version ${String(version)} is not ${DESCRIPTION_VERSION}`);
  }
  const kind = item?.kind;
  const check = typeof kind === "string" && Object.hasOwn(KINDS, kind) ? KINDS[kind as keyof typeof KINDS] : undefined;
  if (!check) throw invalid(`items of kind ${JSON.stringify(kind)}: expected ${Object.keys(KINDS).join(", ")}`);
  const problem = check(json) ?? disagreement(json as DataDescription);
  if (problem !== undefined) throw invalid(`expected ${problem}`);
  return json as DataDescription;
}

/** What is wrong between fields that are right each by itself. */
function disagreement({ item, reading }: DataDescription): string | undefined {
  if (item.kind === "array") {
    const count = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
    return count(item.stored) === count(item.shape) ? undefined : `"stored" and "shape" of as many elements`;
  }
  if (item.kind === "images") return undefined;
  const fills = (reading as { readonly fills?: readonly (number | string)[] }).fills;
  if (fills === undefined) return undefined;
  const fits = (fill: number | string | undefined, one: FeatureColumn) =>
    one.kind === "number" ? typeof fill === "number" : one.categories.includes(String(fill));
  const whole = fills.length === item.columns.length && item.columns.every((one, at) => fits(fills[at], one));
  return whole ? undefined : `"fills": a number or category for each column`;
}

function invalid(what: string): IsthmusError {
  return new IsthmusError("DATA_DESCRIPTION", `the description of the data: ${what}`);
}
