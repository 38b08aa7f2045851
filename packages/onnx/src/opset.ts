/**
 * The operator sets that are written, each with the oldest IR version that goes with it (onnx/helper.py, VERSION_TABLE):
 * a runtime refuses a file whose IR version is newer than itself.
 */
const irVersions = { 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10 } as const;

export type Opset = keyof typeof irVersions;

export const DEFAULT_OPSET = 17;

/** The IR version of an operator set; undefined for one that is not written. */
export function irVersionOf(opset: number): number | undefined {
  return Object.hasOwn(irVersions, opset) ? irVersions[opset as Opset] : undefined;
}

/** Throws `RangeError` for an operator set that is not written. */
export function requireOpset(opset: number): number {
  const irVersion = irVersionOf(opset);
  if (irVersion !== undefined) return irVersion;
  const [first, last] = [Object.keys(irVersions)[0], Object.keys(irVersions).at(-1)];
  throw new RangeError(`"opset" expected ${first} to ${last}, got ${String(opset)}`);
}
