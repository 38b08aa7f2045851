import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Kernel, Kernels } from "./kernel.ts";

interface Resizing {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

/** Of one axis: for each place in the result, places in the image and what they weigh. */
type Sources = readonly (readonly [place: number, weight: number][])[];

function scaleOf(from: number, to: number, { alignCorners }: Resizing): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
}

/** As tfjs's forward kernels take them. */
function nearest(from: number, to: number, attrs: Resizing): Sources {
  const scale = scaleOf(from, to, attrs);
  return Array.from({ length: to }, (_, i) => {
    const at = (attrs.halfPixelCenters ? i + 0.5 : i) * scale;
    return [[Math.min(from - 1, attrs.alignCorners ? Math.round(at) : Math.floor(at)), 1]];
  });
}

function bilinear(from: number, to: number, attrs: Resizing): Sources {
  const scale = scaleOf(from, to, attrs);
  return Array.from({ length: to }, (_, i) => {
    const at = Math.max(attrs.halfPixelCenters ? (i + 0.5) * scale - 0.5 : i * scale, 0);
    const low = Math.floor(at);
    return [
      [Math.min(low, from - 1), 1 - (at - low)],
      [Math.min(low + 1, from - 1), at - low],
    ];
  });
}

const gradientOf =
  (sources: (from: number, to: number, attrs: Resizing) => Sources): Kernel<Resizing> =>
  (heap, inputs, attrs) => {
    const { images, dy } = inputs as { images: TensorInfo; dy: TensorInfo };
    const [batch, height, width, channels] = images.shape as [number, number, number, number];
    const [, yHeight, yWidth] = dy.shape as [number, number, number];
    const [rows, columns] = [sources(height, yHeight, attrs), sources(width, yWidth, attrs)];
    const dx = heap.output(images.shape);
    const [above, to] = [heap.valuesOf(dy), heap.valuesOf(dx)];
    to.fill(0);
    for (let i = 0; i < batch * yHeight * yWidth; i++) {
      const image = Math.floor(i / yWidth / yHeight) * height;
      for (const [row, down] of rows[Math.floor(i / yWidth) % yHeight]!) {
        for (const [column, along] of columns[i % yWidth]!) {
          const at = ((image + row) * width + column) * channels;
          for (let c = 0; c < channels; c++) to[at + c]! += down * along * above[i * channels + c]!;
        }
      }
    }
    return dx;
  };

/** On the host: right, and not fast. */
export const images: Kernels = {
  ResizeBilinearGrad: gradientOf(bilinear),
  ResizeNearestNeighborGrad: gradientOf(nearest),
};
