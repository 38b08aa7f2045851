import { element, grouped } from "../dom.ts";
import { sheetOf } from "../pixels/paint.ts";
import type { PictureShape } from "../shape.ts";

export interface Size {
  readonly format: string;
  readonly bytes: number;
  /** The one that this page is about. */
  readonly isOurs?: boolean;
}

const JPEG_QUALITY = 0.75;

/** The most rows of pixels of a sheet that browsers can draw. */
const MOST_ROWS = 8192;

/** What the browser's own PNG and JPEG make of items, one below the other in one picture. Bytes are [items, height, width, channels]. */
export async function pictureSizes(shape: PictureShape, items: Uint8Array): Promise<Size[]> {
  if (items.length / (shape.width * shape.channels) > MOST_ROWS) return [];
  const sheet = sheetOf(shape, items);
  const blobs = await Promise.all([blobOf(sheet, "image/png"), blobOf(sheet, "image/jpeg", JPEG_QUALITY)]);
  const names = ["PNG", `JPEG, quality ${100 * JPEG_QUALITY}`];
  return blobs.flatMap((blob, i) => (blob ? [{ format: names[i]!, bytes: blob.size }] : []));
}

function blobOf(canvas: HTMLCanvasElement, type: string, quality?: number): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, type, quality));
}

/** Rows of a table: the format, its bytes, and a bar beside the largest. */
export function drawSizes(into: HTMLElement, sizes: readonly Size[]): void {
  const most = Math.max(...sizes.map(({ bytes }) => bytes));
  into.replaceChildren(
    ...sizes.map(({ format, bytes, isOurs = false }) => {
      const bar = element("span", { class: "size-bar", "aria-hidden": "true" });
      bar.style.setProperty("--share", String(bytes / most));
      return element(
        "tr",
        isOurs ? { class: "ours" } : {},
        element("th", { scope: "row" }, format),
        element("td", { class: "number" }, grouped(bytes)),
        element("td", {}, bar),
      );
    }),
  );
}
