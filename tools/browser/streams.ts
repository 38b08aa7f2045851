import { decodeLatents, decodeLossless, encodeLatents, encodeLossless, unpackTables } from "@isthmus/codec";
import { openLossless, readLosslessFile } from "@isthmus/compress";

/** Streams that another platform made, with what they are decoded by, as text can hold them. */
export interface PlainStreams {
  readonly latents: { readonly tables: readonly number[]; readonly stream: readonly number[] };
  readonly lossless: { readonly file: readonly number[]; readonly stream: readonly number[] };
}

/** What comes out of them here, on either kernels, and the streams that are made of it again. */
export async function recoded({ latents, lossless }: PlainStreams) {
  const coding = { tables: unpackTables(Int32Array.from(latents.tables)), modelId: new Uint8Array(8) };
  const { symbols } = decodeLatents(Uint8Array.from(latents.stream), coding);
  const file = readLosslessFile(Uint8Array.from(lossless.file));
  const by = async (kernels: "wasm" | "javascript") => {
    const coder = { model: await openLossless(file, { kernels }), modelId: file.modelId };
    const { values } = decodeLossless(Uint8Array.from(lossless.stream), coder);
    return { values: [...values], stream: [...encodeLossless(values, coder)] };
  };
  return {
    symbols: [...symbols],
    stream: [...encodeLatents(symbols, coding)],
    wasm: await by("wasm"),
    javascript: await by("javascript"),
  };
}
