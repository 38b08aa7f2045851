import { requireAttributes } from "./attributes.ts";
import type { JsonObject, TensorType } from "./ir.ts";
import type { Operation } from "./operation.ts";
import { formatShape, isShape } from "./shape.ts";

/**
 * The type of what `operation` makes: the one door through which builders and files add nodes. Shape rules behind it
 * trust that the inputs are as many and the attributes as declared.
 *
 * @throws TypeError, RangeError naming the operation and the argument
 */
export function inferType(operation: Operation, inputs: readonly TensorType[], attributes: JsonObject): TensorType {
  const { name, operands, variadic } = operation;
  if (variadic ? inputs.length < operands.length : inputs.length !== operands.length) {
    throw new TypeError(
      `${name}: expected ${variadic ? "at least " : ""}${operands.length} inputs (${operands.join(", ")}), got ${inputs.length}`,
    );
  }
  requireAttributes(name, operation.attributes, attributes);
  const type = operation.infer(inputs, attributes);
  if (!isShape(type.shape)) throw new RangeError(`${name}: the result, ${formatShape(type.shape)}, is too large`);
  return type;
}
