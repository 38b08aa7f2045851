import type { Chunked } from "./chunked.ts";
import { type Bytes, bytesOf } from "./lazy-bytes.ts";
import type { OnnxModel, WrittenTensor } from "./messages.ts";

/** Shorter data stay in the model's own file: biases, and shapes that a runtime wants to know while it loads. */
const SHORT = 1024;

/** Data begin at whole pages, so that a runtime can map them into memory. */
const PAGE = 4096;

const aligned = (offset: number): number => Math.ceil(offset / PAGE) * PAGE;

/** A model with its weights in a file of their own. */
export interface Apart {
  readonly model: OnnxModel<WrittenTensor>;
  readonly data: Chunked;
}

/** The model whose long initialisers lie, in their order, in a file called `location` beside it. */
export function withExternalWeights(model: OnnxModel<WrittenTensor>, location: string): Apart {
  const moved: Bytes[] = [];
  let length = 0;
  const initialisers = model.graph.initialisers.map((tensor): WrittenTensor => {
    if (tensor.data.length < SHORT) return tensor;
    const external = { location, offset: aligned(length), length: tensor.data.length };
    length = external.offset + external.length;
    moved.push(tensor.data);
    return { ...tensor, data: new Uint8Array(), external };
  });
  const data = { length, chunks: () => paged(moved) };
  return { model: { ...model, graph: { ...model.graph, initialisers } }, data };
}

/** Each on a page of its own. */
function* paged(data: readonly Bytes[]): Generator<Uint8Array, void, undefined> {
  let offset = 0;
  for (const bytes of data) {
    const begin = aligned(offset);
    if (begin > offset) yield new Uint8Array(begin - offset);
    yield bytesOf(bytes);
    offset = begin + bytes.length;
  }
}
