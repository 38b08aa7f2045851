import { type Chunked, joined } from "./chunked.ts";
import { decodeModel } from "./decode.ts";
import { modelMessage } from "./encode.ts";
import { withExternalWeights } from "./external-weights.ts";
import { MOST_BYTES } from "./file-limit.ts";
import type { OnnxModel, WrittenTensor } from "./messages.ts";

/**
 * An ONNX model that is put together but not written. Parameters are read, and their weights turned, only while its bytes are gone
 * through, one tensor at a time: beside the model that it was made of, no more than about its largest tensor is in memory. Who changes
 * the parameters before changes what is written.
 */
export interface OnnxDraft {
  /** The one file that holds everything. */
  whole(): Chunked;
  /**
   * The model, and a file called `location` beside it with the weights of 1024 bytes and more, each at the beginning of a page of 4096
   * bytes; of length 0 where there are none.
   *
   * @throws RangeError a location that is no plain file name
   */
  apart(location: string): { readonly model: Chunked; readonly data: Chunked };
  /** The same with more metadata. */
  with(metadata: Readonly<Record<string, string>>): OnnxDraft;
}

export function draftOf(model: OnnxModel<WrittenTensor>): OnnxDraft {
  return {
    whole: () => modelMessage(model),
    apart: (location) => {
      if (!isFileName(location)) throw new RangeError(`"location" expected the name of a file, got "${location}"`);
      const { model: shortened, data } = withExternalWeights(model, location);
      return { model: modelMessage(shortened), data };
    },
    with: (metadata) => draftOf({ ...model, metadata: { ...model.metadata, ...metadata } }),
  };
}

/** Whether it names a file in the model's own folder, on every system. */
const isFileName = (name: string): boolean => !/^\.{0,2}$|[\\/:\0]/.test(name);

/**
 * A file as a draft, to be written another way. What this package writes comes back as it was; of other files, what it does not read is
 * left out.
 *
 * @throws IsthmusError `ONNX_INVALID` for bytes that are not an ONNX model
 */
export function redraft(bytes: Uint8Array): OnnxDraft {
  return draftOf(decodeModel(bytes));
}

/**
 * The bytes of the one file.
 *
 * @throws RangeError more than any reader takes
 */
export function draftBytes(draft: OnnxDraft): Uint8Array {
  const whole = draft.whole();
  if (whole.length <= MOST_BYTES) return joined(whole);
  const instead = `write it with its weights in a file of their own ("writeOnnxFile")`;
  throw new RangeError(
    `"program" expected at most ${MOST_BYTES} bytes in one ONNX file, got ${whole.length}; ${instead}`,
  );
}
