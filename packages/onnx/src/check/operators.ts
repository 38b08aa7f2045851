import type { Form, Operator, Operators } from "./operator.ts";
import { elementwise } from "./operators/elementwise.ts";
import { normalisation } from "./operators/normalisation.ts";
import { picking } from "./operators/picking.ts";
import { products } from "./operators/products.ts";
import { quantisation } from "./operators/quantisation.ts";
import { reductions } from "./operators/reductions.ts";
import { reshaping } from "./operators/reshaping.ts";
import { values } from "./operators/values.ts";
import { windows } from "./operators/windows.ts";

/** Operators of ONNX's own domain that are checked: those which this package writes or reads, and random numbers. */
export const operators: Operators = {
  ...elementwise,
  ...normalisation,
  ...picking,
  ...products,
  ...quantisation,
  ...reductions,
  ...reshaping,
  ...values,
  ...windows,
};

export function operatorOf(opType: string): Operator | undefined {
  return Object.hasOwn(operators, opType) ? operators[opType] : undefined;
}

/** How an operator is written in an operator set; undefined where it is not there yet. */
export function formOf({ forms }: Operator, opset: number): Form | undefined {
  return forms.find(({ since = 0 }) => opset >= since);
}
