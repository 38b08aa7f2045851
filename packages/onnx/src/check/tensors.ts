import { dataTypes, TEXT } from "../data-types.ts";
import { invalid } from "../invalid.ts";
import { requireInside } from "../import/external.ts";
import type { WrittenTensor } from "../messages.ts";
import { floats8, nibbles } from "./element-types.ts";

/** Each initialiser holds as many bytes as its shape and type say. */
export function checkTensors(initialisers: readonly WrittenTensor[]): void {
  for (const tensor of initialisers) {
    requireLength(tensor, (what) => {
      throw invalid(`initialiser "${tensor.name}" ${what}`, { initialiser: tensor.name });
    });
  }
}

/** Calls `fail` for a type that is none, data of another length than the shape says, or data in a place that is refused. */
export function requireLength(tensor: WrittenTensor, fail: (what: string) => never): void {
  const { elementType, dims, data, external } = tensor;
  // Elements of text are no bytes of one length.
  if (elementType === TEXT) return;
  const size = bytesOf(elementType) ?? fail(`has an unknown element type ${elementType}`);
  const expected = Math.ceil(dims.reduce((product, dim) => product * dim, size));
  if (!Number.isSafeInteger(expected)) fail(`is of shape [${dims.join(", ")}], more than can be counted`);
  if (external) requireInside(external.location);
  const found = external ? (external.length ?? expected) : data.length;
  if (found !== expected) fail(`of shape [${dims.join(", ")}] holds ${found} bytes, expected ${expected}`);
}

function bytesOf(elementType: number): number | undefined {
  if (nibbles.includes(elementType)) return 0.5;
  return floats8.includes(elementType) ? 1 : dataTypes[elementType]?.bytes;
}
