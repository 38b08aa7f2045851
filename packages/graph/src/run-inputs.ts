import { brief } from "./attributes.ts";
import type { HostArray } from "./engine.ts";
import { checkIds } from "./id-ranges.ts";
import type { DType, Node, Program } from "./ir.ts";
import { elementCount, formatShape } from "./shape.ts";

const arrayTypes = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const satisfies Record<DType, unknown>;

/**
 * Checks what a caller feeds against a program's inputs and returns the batch size.
 * Every engine calls it, so that all refuse the same mistakes with the same words.
 *
 * @throws TypeError a missing, unknown or wrongly typed input; RangeError a length that does not fit, batch sizes
 * that differ, or an id out of range
 */
export function resolveBatch(program: Program, inputs: Readonly<Record<string, HostArray>>, declared?: number): number {
  for (const name of Object.keys(inputs)) {
    if (!Object.hasOwn(program.inputs, name)) {
      throw new TypeError(`run: unknown input "${name}"; expected ${Object.keys(program.inputs).join(", ") || "none"}`);
    }
  }
  if (declared !== undefined && !(Number.isSafeInteger(declared) && declared > 0)) {
    throw new RangeError(`run: "batch" expected a positive integer, got ${brief(declared)}`);
  }
  let batch = declared;
  for (const [name, id] of Object.entries(program.inputs)) {
    const own = batchOf(name, program.nodes[id] as Node, Object.hasOwn(inputs, name) ? inputs[name] : undefined);
    if (own === undefined) continue;
    if (batch !== undefined && own !== batch) {
      throw new RangeError(`run: input "${name}" has batch ${own}, expected ${batch}`);
    }
    batch = own;
  }
  checkIds(program, inputs);
  return batch ?? 1;
}

/** The batch size that one input implies; `undefined` when its shape has no batch axis. */
function batchOf(name: string, node: Node, values: HostArray | undefined): number | undefined {
  if (!(values instanceof arrayTypes[node.dtype])) {
    throw new TypeError(`run: input "${name}" expected ${arrayTypes[node.dtype].name}, got ${kindOf(values)}`);
  }
  const perItem = elementCount(node.shape);
  const batch = values.length / perItem;
  const dynamic = node.shape.includes("batch");
  if (dynamic ? !Number.isInteger(batch) || batch < 1 : batch !== 1) {
    throw new RangeError(
      `run: input "${name}" of shape ${formatShape(node.shape)} expected ${dynamic ? "a positive multiple of " : ""}${perItem} values, got ${values.length}`,
    );
  }
  return dynamic ? batch : undefined;
}

function kindOf(values: unknown): string {
  return values === undefined ? "nothing" : Object.prototype.toString.call(values).slice(8, -1);
}
