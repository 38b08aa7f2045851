/** Images one after the other, `[height, width, channels]` each, with their channels first. */
export function channelsFirst<T extends Float32Array | Float64Array>(images: T, size: readonly number[]): T {
  const [height, width, channels] = size as [number, number, number];
  const pixels = height * width;
  return images.map((_, i) => {
    const within = i % (pixels * channels);
    return images[i - within + (within % pixels) * channels + Math.floor(within / pixels)]!;
  }) as T;
}
