/** Random networks for properties: any shapes, extremes among the numbers. */
import fc from "fast-check";
import { denseWindow, type Layer, lengthOfX } from "./plans.ts";
import type { PlanWindow } from "../src/index.ts";

export interface Network {
  readonly layers: readonly Layer[];
  readonly item: readonly number[];
}

const small = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const int8: fc.Arbitrary<number> = fc.oneof(fc.integer({ min: -128, max: 127 }), fc.constantFrom(-128, -127, 0, 127));
const weight: fc.Arbitrary<number> = fc.oneof(fc.integer({ min: -127, max: 127 }), fc.constantFrom(-127, 127));
const multiplier: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }),
  fc.constantFrom(0, 1, 2 ** 30, 2 ** 31 - 1),
);

const channel = fc.record({
  bias: fc.oneof(fc.integer({ min: -50_000, max: 50_000 }), fc.constantFrom(-(2 ** 30), 2 ** 30, 0)),
  multiplier,
  negative: multiplier,
  // Around those that bring sums of some hundred products into int8, and the extremes.
  shift: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 37, max: 44 }) }, fc.constantFrom(17, 18, 31, 62)),
});

const many = <T>(of: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(of, { minLength: length, maxLength: length });

/** How a window lies over an image of a size: [y, stride, dilation, before], with at least one place; of a transpose some sizes of y. */
const axis = (size: number, window: number) =>
  fc
    .record({
      stride: small(3),
      dilation: small(2),
      before: fc.integer({ min: 0, max: window }),
      after: fc.integer({ min: 0, max: 2 }),
    })
    .map(({ stride, dilation, before, after }) => {
      const room = size + before + after - ((window - 1) * dilation + 1);
      return { y: Math.max(0, Math.floor(room / stride)) + 1, stride, dilation, before };
    });

const spread = (size: number, window: number) =>
  fc
    .record({
      stride: small(3),
      dilation: small(2),
      before: fc.integer({ min: 0, max: 3 }),
      less: fc.integer({ min: -2, max: 3 }),
    })
    .map(({ stride, dilation, before, less }) => {
      const full = (size - 1) * stride + (window - 1) * dilation + 1;
      return { y: Math.max(1, full - before - less), stride, dilation, before };
    });

const windowOver = (
  along: typeof axis,
  height: number,
  width: number,
  channels: number,
  yChannels: number,
  rows: number,
  columns: number,
) =>
  fc.tuple(along(height, rows), along(width, columns)).map(([r, c]): PlanWindow => ({
    ...{ height, width, channels, yHeight: r.y, yWidth: c.y, yChannels, rows, columns },
    ...{ rowStride: r.stride, columnStride: c.stride, rowDilation: r.dilation, columnDilation: c.dilation },
    ...{ top: r.before, left: c.before },
  }));

function layer(kernel: Layer["kernel"], window: PlanWindow, wide: boolean): fc.Arbitrary<Layer> {
  const taps = window.rows * window.columns * (kernel === "depthwise" ? 1 : window.channels);
  const [least, most] = wide ? [-(2 ** 31), 2 ** 31 - 1] : [-128, 127];
  const bound = fc.integer({ min: least, max: most });
  return fc
    .record({
      weights: many(many(weight, taps), window.yChannels),
      channels: many(channel, window.yChannels),
      padding: int8,
      zero: wide ? fc.constantFrom(0, least, most, 7) : int8,
      bounds: fc.oneof({ weight: 3, arbitrary: fc.constant([least, most]) }, fc.tuple(bound, bound)),
    })
    .map(({ bounds, ...rest }) => ({
      kernel,
      window,
      wide,
      ...rest,
      low: Math.min(...bounds),
      high: Math.max(...bounds),
    }));
}

const convolution = (height: number, width: number, channels: number, wide: boolean): fc.Arbitrary<Layer> =>
  fc
    .record({
      kernel: fc.constantFrom("conv2d", "conv2dTranspose", "depthwise"),
      rows: small(3),
      columns: small(4),
      times: small(3),
      filters: small(9),
    })
    .chain(({ kernel, rows, columns, times, filters }) =>
      windowOver(
        kernel === "conv2dTranspose" ? spread : axis,
        ...([height, width, channels] as const),
        ...([kernel === "depthwise" ? channels * times : filters, rows, columns] as const),
      ).chain((window) => layer(kernel, window, wide)),
    );

const images: fc.Arbitrary<Layer[]> = fc
  .tuple(small(6), small(7), fc.oneof(small(5), fc.constantFrom(8, 16, 17)))
  .chain(([height, width, channels]) => convolution(height, width, channels, false))
  .chain((first) => {
    const { yHeight, yWidth, yChannels } = first.window;
    return convolution(yHeight, yWidth, yChannels, true).map((last) => [first, last]);
  });

const dense: fc.Arbitrary<Layer[]> = fc
  .tuple(fc.oneof(small(40), fc.constantFrom(64, 127, 300)), small(20), small(6))
  .chain(([inputs, hidden, outputs]) =>
    fc.tuple(layer("conv2d", denseWindow(inputs, hidden), false), layer("conv2d", denseWindow(hidden, outputs), true)),
  )
  .map((pair) => [...pair]);

/** Two layers, the second wide, and an item. */
export const networks: fc.Arbitrary<Network> = fc
  .oneof(images, dense)
  .chain((layers) => many(int8, lengthOfX(layers[0]!.window)).map((item) => ({ layers, item })));

/** A pool's window with an image. */
export const pools: fc.Arbitrary<{ readonly window: PlanWindow; readonly item: readonly number[] }> = fc
  .tuple(small(5), small(5), fc.constantFrom(1, 3, 15, 16, 17, 33), small(3), small(3))
  .chain(([height, width, channels, rows, columns]) =>
    windowOver(axis, height, width, channels, channels, rows, columns),
  )
  .chain((window) => many(int8, lengthOfX(window)).map((item) => ({ window, item })));

/** Windows of convolutions over small images, dense layers among them; some have as many channels as vectors take at once. */
export const convolutionWindows: fc.Arbitrary<{
  readonly kernel: "conv2d" | "depthwise";
  readonly window: PlanWindow;
}> = fc
  .record({
    kernel: fc.constantFrom("conv2d", "depthwise"),
    size: fc.oneof(fc.constant([1, 1] as const), fc.tuple(small(6), small(7))),
    channels: small(5),
    rows: small(3),
    columns: small(4),
    times: small(3),
    filters: fc.oneof(small(9), fc.constantFrom(16, 18, 35)),
  })
  .chain(({ kernel, size: [height, width], channels, rows, columns, times, filters }) =>
    windowOver(
      axis,
      ...([height, width, channels] as const),
      ...([kernel === "depthwise" ? channels * times : filters, rows, columns] as const),
    ).map((window) => ({ kernel, window })),
  );
