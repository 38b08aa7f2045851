/** What an item is to people: a picture, or a row of numbers. */
export type ItemShape =
  | { readonly kind: "picture"; readonly width: number; readonly height: number; readonly channels: 1 | 3 }
  | { readonly kind: "series"; readonly length: number };

export type PictureShape = Extract<ItemShape, { kind: "picture" }>;

/** How many numbers an item has. */
export function sizeOf(shape: ItemShape): number {
  return shape.kind === "series" ? shape.length : shape.width * shape.height * shape.channels;
}

/** For people: `28 × 28 grey`. */
export function shapeText(shape: ItemShape): string {
  if (shape.kind === "series") return `${shape.length} numbers`;
  return `${shape.width} × ${shape.height} ${shape.channels === 1 ? "grey" : "in colour"}`;
}

/** Of [height, width, channels], or of the length of a flat item, which is a picture where it is a square of 64 or more. */
export function shapeOf(sizes: readonly number[]): ItemShape {
  const [height, width, channels = 1] = sizes;
  if (height && width && (channels === 1 || channels === 3)) return { kind: "picture", width, height, channels };
  return flatShape(sizes.reduce((product, size) => product * size, 1));
}

const LEAST_PIXELS = 64;

function flatShape(length: number): ItemShape {
  for (const channels of [1, 3] as const) {
    const side = Math.sqrt(length / channels);
    if (Number.isInteger(side) && side * side >= LEAST_PIXELS)
      return { kind: "picture", width: side, height: side, channels };
  }
  return { kind: "series", length };
}
