import { isTableDescription, type TableDescription } from "@isthmus/data";
import { isImageShape } from "@isthmus/plot/png";
import type { ServedModel } from "../models/served-model.ts";

/** Whether decoded items are shown as bytes, 0 to 255. */
export function areImages({ facts, description }: Pick<ServedModel, "facts" | "description">): boolean {
  if (description) return description.item.kind === "images";
  return isImageShape(facts.shape);
}

/** A model as lists and pages have it. */
export interface ModelJson {
  readonly id: string;
  readonly kind: string;
  /** Of an item in the data's own units: [rows, columns] of a table. */
  readonly shape: readonly number[];
  readonly data:
    | { readonly kind: "images" | "array" }
    | { readonly kind: "table"; readonly columns: readonly string[] };
}

export function modelJson(model: ServedModel): ModelJson {
  const { facts, description } = model;
  const { id, kind, shape } = facts;
  if (isTableDescription(description)) return { id, kind, ...tableJson(description) };
  return { id, kind, shape, data: { kind: areImages(model) ? "images" : "array" } };
}

function tableJson({ item }: TableDescription): Pick<ModelJson, "shape" | "data"> {
  const columns = item.columns.map(({ name }) => name);
  return { shape: [item.window ?? 1, columns.length], data: { kind: "table", columns } };
}
