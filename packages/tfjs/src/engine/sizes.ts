/** Shapes whose sizes are all known. */
export type Sizes = readonly number[];

export function sizeOf(shape: Sizes): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Of shapes that broadcast, aligned at their last axis. */
export function commonShape(a: Sizes, b: Sizes): number[] {
  const rank = Math.max(a.length, b.length);
  const at = (shape: Sizes, axis: number) => shape[axis - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, axis) => (at(a, axis) === 1 ? at(b, axis) : at(a, axis)));
}

/** Two shapes with neighbouring axes taken together where either both stretch or neither, or one of them the same way. */
export function broadcastPair(a: Sizes, b: Sizes): { left: number[]; right: number[]; common: number[] } {
  const common = commonShape(a, b);
  const [left, right]: [number[], number[]] = [[], []];
  let last: string | undefined;
  common.forEach((size, axis) => {
    if (size === 1) return;
    const x = a[axis - common.length + a.length] ?? 1;
    const y = b[axis - common.length + b.length] ?? 1;
    const kind = `${x === size} ${y === size}`;
    if (kind === last) {
      left.push(left.pop()! * x);
      right.push(right.pop()! * y);
    } else {
      left.push(x);
      right.push(y);
    }
    last = kind;
  });
  return { left, right, common };
}
