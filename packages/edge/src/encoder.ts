import {
  type Message,
  mostFrameBytes,
  type SessionOptions,
  type SessionSender,
  sessionSender,
  SYMBOLS_PER_FRAME,
} from "@isthmus/codec";
import type { KernelsName } from "./open-kernels.ts";
import type { Samples } from "./samples.ts";

/** An encoder that is ready: samples in, `.isth` streams out. */
export interface Encoder {
  readonly kernels: KernelsName;
  /** 8 bytes. */
  readonly modelId: Uint8Array;
  /** Which of the model's qualities it encodes at. */
  readonly quality: number;
  /** Samples of an item. */
  readonly itemLength: number;
  /** Symbols of an item. */
  readonly dims: number;
  /** The most bytes that the stream of so many items takes. */
  readonly maxBytes: (items: number) => number;
  /**
   * One stream of one frame, of one or more whole items.
   *
   * @throws RangeError samples that are no whole items, or not finite
   * @throws IsthmusError `QUANTISER_NON_FINITE`, `QUANTISER_RANGE` an encoder in floats makes a number that no symbol stands for
   */
  readonly encode: (samples: Samples) => Uint8Array<ArrayBuffer>;
  /**
   * The same into memory of the caller's, from `at` on (default: 0): allocates nothing once it has seen as many items before.
   *
   * @returns how many bytes were written
   * @throws RangeError samples that are no whole items, or not finite; a frame that does not fit: {@link Encoder.maxBytes} always do
   */
  readonly encodeInto: (samples: Samples, into: Uint8Array, at?: number) => number;
  /** Each chunk of samples to a stream. Waits for whoever reads: one chunk is held at most. */
  readonly stream: () => TransformStream<Samples, Uint8Array<ArrayBuffer>>;
  /** Packets for links that carry some fifty bytes at a time. */
  readonly openSession: (options: SessionOptions) => EncoderSession;
}

export interface EncoderSession {
  /** The packet that a receiver needs before any other. */
  readonly hello: SessionSender["hello"];
  /** The packets of one or more whole items. */
  readonly encode: (samples: Samples) => Uint8Array<ArrayBuffer>[];
}

/** The part of an encoder that WebAssembly or plain JavaScript does. */
export interface FrameMaker extends Pick<Encoder, "kernels" | "modelId" | "quality" | "itemLength" | "dims"> {
  /** Makes the symbols of so many items, of which the next frame or message is. */
  readonly infer: (samples: Samples, items: number) => void;
  /** Returns how many bytes the frame has. */
  readonly write: (items: number, into: Uint8Array, at: number) => number;
  readonly message: (items: number) => Message;
}

export function encoderOf(maker: FrameMaker): Encoder {
  const { kernels, modelId, quality, itemLength, dims, write } = maker;
  const maxBytes = (items: number) => mostFrameBytes(items * dims);
  /** Makes the symbols of all items; returns how many items these are. */
  const infer = (samples: Samples): number => {
    const items = samples.length / itemLength;
    if (!Number.isInteger(items) || items === 0) {
      throw new RangeError(`"samples" expected whole items of ${itemLength}, got ${samples.length}`);
    }
    if (items * dims > SYMBOLS_PER_FRAME) {
      throw new RangeError(`"samples" expected at most ${SYMBOLS_PER_FRAME} symbols, got ${items} items of ${dims}`);
    }
    maker.infer(samples, items);
    return items;
  };
  let spare = new Uint8Array(0);
  const encode = (samples: Samples): Uint8Array<ArrayBuffer> => {
    const items = infer(samples);
    if (spare.length < maxBytes(items)) spare = new Uint8Array(maxBytes(items));
    return spare.slice(0, write(items, spare, 0));
  };
  return {
    ...{ kernels, modelId, quality, dims, itemLength, maxBytes, encode },
    encodeInto: (samples, into, at = 0) => write(infer(samples), into, at),
    stream: () => new TransformStream({ transform: (samples, to) => to.enqueue(encode(samples)) }),
    openSession: (options) => {
      const { hello, encode: packets } = sessionSender({ modelId, quality, dims }, options, maker.message);
      return { hello, encode: (samples) => packets(infer(samples)) };
    },
  };
}
