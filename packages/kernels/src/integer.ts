/** Fields of a call as `run` reads it, int32 in this order. `records` is where the channels are; `weights` is the table of a lookup. */
export const INTEGER_CALL_FIELDS: readonly string[] = [
  ...["kernel", "x", "y", "weights", "records", "padding", "scratch", "zero", "low", "high", "wide", "length"],
  ...["height", "width", "channels", "yHeight", "yWidth", "yChannels", "rows", "columns"],
  ...["rowStride", "columnStride", "rowDilation", "columnDilation", "top", "left"],
];

/** By their numbers in the field `kernel`. */
export const INTEGER_KERNELS: readonly string[] = ["conv2d", "depthwise", "maxPool", "lookup", "conv2dTranspose"];

export interface IntegerKernelExports {
  /** Makes `count` calls that lie side by side from the address `calls`. Up to 15 bytes behind an x may be read. */
  run(calls: number, count: number): void;
}

/** The WebAssembly binary of the integer kernels, a fresh copy. It imports its memory as `env.memory`. */
export async function integerKernelBytes(): Promise<Uint8Array<ArrayBuffer>> {
  // @ts-ignore: made by scripts/build.mjs, absent from a fresh checkout
  const { base64 } = (await import("./generated/integer.ts")) as { readonly base64: string };
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
