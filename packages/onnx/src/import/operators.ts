import { elementwise } from "./elementwise.ts";
import { wholes } from "./folding.ts";
import { normalisation } from "./normalisation.ts";
import { products } from "./products.ts";
import { quantisation } from "./quantisation.ts";
import { reductions } from "./reductions.ts";
import { shapes } from "./shapes.ts";
import type { Translation, Translations } from "./translations.ts";
import { windows } from "./windows.ts";

const operators: Translations = {
  ...elementwise,
  ...normalisation,
  ...products,
  ...quantisation,
  ...reductions,
  ...shapes,
  ...wholes,
  ...windows,
};

/** Operators of ONNX's own set that are read. */
export const importedOperators: readonly string[] = Object.keys(operators).sort();

export function translationOf(opType: string): Translation | undefined {
  return Object.hasOwn(operators, opType) ? operators[opType] : undefined;
}

/** What costs more than its result is large: left to the run, however constant its operands. */
export const isCostly: ReadonlySet<string> = new Set([...Object.keys(products), ...Object.keys(windows)]);
