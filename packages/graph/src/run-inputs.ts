import type { HostArray } from "./engine.ts";
import type { DType, Node, Program } from "./ir.ts";
import { elementCount, formatShape } from "./shape.ts";

const arrayTypes = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const satisfies Record<DType, unknown>;

/**
 * Checks what a caller feeds against a program's inputs and returns the batch size.
 * Every engine calls it, so that all refuse the same mistakes with the same words.
 */
export function resolveBatch(
  program: Program,
  inputs: Readonly<Record<string, HostArray>>,
  declared?: number,
): number {
  for (const name of Object.keys(inputs)) {
    if (!(name in program.inputs)) {
      throw new TypeError(`run: unknown input "${name}"; expected ${Object.keys(program.inputs).join(", ")}`);
    }
  }
  let batch = declared;
  for (const [name, id] of Object.entries(program.inputs)) {
    const own = batchOf(name, program.nodes[id] as Node, inputs[name]);
    if (own === undefined) continue;
    if (batch !== undefined && own !== batch) {
      throw new RangeError(`run: input "${name}" has batch ${own}, others have ${batch}`);
    }
    batch = own;
  }
  return batch ?? 1;
}

/** The batch size that one input implies; `undefined` when its shape has no batch axis. */
function batchOf(name: string, node: Node, values: HostArray | undefined): number | undefined {
  if (!(values instanceof arrayTypes[node.dtype])) {
    const got = values === undefined ? "nothing" : (values as object).constructor.name;
    throw new TypeError(`run: input "${name}" expected ${arrayTypes[node.dtype].name}, got ${got}`);
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
