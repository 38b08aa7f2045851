import { canonicalJson, contentHash, formatShape, sameShape, type StateSpec, type StoredTensor } from "@isthmus/graph";

/** Tensors that a training begins from, by their names in the model. */
export type InitialTensors = Readonly<Record<string, StoredTensor>>;

/** A hash of names, shapes and values, whatever the order they come in. */
export function initialFingerprint(initial: InitialTensors): string {
  const entries = Object.entries(initial).sort(([a], [b]) => (a < b ? -1 : 1));
  const header = canonicalJson(entries.map(([name, { shape }]) => ({ name, shape: [...shape] })));
  return contentHash(`${header}\n`, ...entries.map(([, { data }]) => data));
}

/**
 * Throws unless each tensor is one of the model's parameters, float32, of its shape and finite.
 *
 * @throws TypeError for another type; RangeError for an unknown name, another shape or values that are not finite
 */
export function requireInitial(parameters: StateSpec, initial: InitialTensors): void {
  for (const [name, { shape, data }] of Object.entries(initial)) {
    const known = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (!known)
      throw new RangeError(`"initial" has "${name}", which is no parameter of the model; ${nearest(name, parameters)}`);
    if (!(data instanceof Float32Array)) {
      throw new TypeError(`"initial" expected "${name}" in a Float32Array, got ${data.constructor.name}`);
    }
    if (!sameShape(shape, known.shape)) {
      throw new RangeError(`"initial" expected "${name}" ${formatShape(known.shape)}, got ${formatShape(shape)}`);
    }
    const strange = data.findIndex((value) => !Number.isFinite(value));
    if (strange >= 0) throw new RangeError(`"initial" expected finite "${name}", got ${data[strange]} at ${strange}`);
  }
}

/** Names that it may have been meant to be: those of fewest edits. */
const NEAR = 3;

function nearest(name: string, parameters: StateSpec): string {
  const names = Object.keys(parameters).map((known) => ({ known, edits: editDistance(name, known) }));
  const near = names.sort((a, b) => a.edits - b.edits).slice(0, NEAR);
  return `near it: ${near.map(({ known }) => known).join(", ")}`;
}

/** Characters to insert, remove or replace (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
