import * as tf from "@tensorflow/tfjs-core";
import { perInput } from "./elementwise.ts";
import { gradient, type Gradients, ofInput, unbroadcast } from "./gradient.ts";

interface Blocks {
  readonly blockShape: number[];
}

type Pads = [number, number][];

/** Many inputs, or many outputs. */
const lists: Gradients = {
  Concat: {
    repairs: false,
    config: {
      saveAllInputs: true,
      gradFunc(dy, saved, { axis }) {
        const [along] = tf.util.parseAxisParam(axis as number, saved[0]!.shape);
        const parts = tf.split(
          dy as tf.Tensor,
          saved.map(({ shape }) => shape[along!]!),
          along,
        );
        return perInput(parts.map((part) => () => part));
      },
    },
  },
  Pack: {
    repairs: false,
    config: {
      saveAllInputs: true,
      gradFunc: (dy, _, { axis }) => perInput(tf.unstack(dy as tf.Tensor, axis as number).map((part) => () => part)),
    },
  },
  SplitV: {
    repairs: false,
    config: { gradFunc: (dy, _, { axis }) => ({ x: () => tf.concat(dy as tf.Tensor[], axis as number) }) },
  },
  Unpack: {
    repairs: false,
    config: { gradFunc: (dy, _, { axis }) => ({ value: () => tf.stack(dy as tf.Tensor[], axis as number) }) },
  },
};

export const shapes: Gradients = {
  ...lists,
  BatchToSpaceND: gradient<Blocks & { crops: Pads }>({}, (dy, _, { blockShape, crops }) => ({
    x: () => tf.spaceToBatchND(dy, blockShape, crops),
  })),
  BroadcastTo: ofInput((dy, x) => unbroadcast(dy, x.shape)),
  ExpandDims: ofInput((dy, input) => tf.reshape(dy, input.shape), "input"),
  GatherV2: gradient<{ axis: number; batchDims: number }>(
    { inputs: ["x", "indices"], repairs: true },
    (dy, saved, attrs) => {
      const [x, indices] = saved as [tf.Tensor, tf.Tensor];
      return { x: () => scattered(dy, x.shape, indices, attrs), indices: () => tf.zeros(indices.shape) };
    },
  ),
  MirrorPad: gradient<{ paddings: Pads; mode: "reflect" | "symmetric" }>(
    { inputs: ["x"], repairs: true },
    (dy, [x], { paddings, mode }) => ({
      x: () => paddings.reduce((folded, pads, axis) => unmirrored(folded, axis, pads, x!.shape[axis]!, mode), dy),
    }),
  ),
  PadV2: gradient<{ paddings: Pads }>({ inputs: ["x"] }, (dy, [x], { paddings }) => ({
    x: () =>
      tf.slice(
        dy,
        paddings.map(([before]) => before),
        x!.shape,
      ),
  })),
  Reshape: ofInput((dy, x) => tf.reshape(dy, x.shape)),
  Reverse: gradient<{ dims: number | number[] }>({}, (dy, _, { dims }) => ({
    x: () => tf.reverse(dy, tf.util.parseAxisParam(dims, dy.shape)),
  })),
  Slice: gradient<{ begin: number[]; size: number[] }>({ inputs: ["x"] }, (dy, [x], { begin }) => ({
    x: () =>
      tf.pad(
        dy,
        begin.map((from, axis): [number, number] => [from, x!.shape[axis]! - from - dy.shape[axis]!]),
      ),
  })),
  SpaceToBatchND: gradient<Blocks & { paddings: Pads }>({}, (dy, _, { blockShape, paddings }) => ({
    x: () => tf.batchToSpaceND(dy, blockShape, paddings),
  })),
  Tile: gradient<{ reps: number[] }>({ inputs: ["x"] }, (dy, [x], { reps }) => ({
    x: () => {
      const parts = x!.shape.flatMap((size, axis) => [reps[axis]!, size]);
      const axes = reps.map((_, axis) => 2 * axis);
      return tf.reshape(tf.sum(tf.reshape(dy, parts), axes), x!.shape);
    },
  })),
  Transpose: gradient<{ perm: number[] }>({}, (dy, _, { perm }) => ({
    x: () => tf.transpose(dy, tf.backend_util.getUndoAxesPermutation(perm)),
  })),
  UnsortedSegmentSum: gradient({ inputs: ["segmentIds"] }, (dy, [ids]) => ({
    x: () => gathered(dy, ids!),
    segmentIds: () => tf.zeros(ids!.shape),
  })),
};

/** Rows of dy, and zeros where an id is not in range. */
function gathered(dy: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const isInside = tf.logicalAnd(tf.greaterEqual(ids, 0), tf.less(ids, dy.shape[0]!));
  const rows = tf.gather(dy, tf.mul(ids, tf.cast(isInside, "int32")) as tf.Tensor1D);
  const mask = tf.reshape(tf.cast(isInside, "float32"), [...ids.shape, ...dy.shape.slice(1).map(() => 1)]);
  return tf.mul(rows, mask);
}

/** Adds each slice of dy along the axis where it was gathered from. */
function scattered(
  dy: tf.Tensor,
  shape: number[],
  indices: tf.Tensor,
  { axis, batchDims }: { axis: number; batchDims: number },
): tf.Tensor {
  const [along] = tf.util.parseAxisParam(axis, shape) as [number];
  if (batchDims === 0) return scatteredOne(dy, shape, indices, along);
  const batch = shape.slice(0, batchDims);
  const count = tf.util.sizeFromShape(batch);
  const flat = (x: tf.Tensor): tf.Tensor[] => tf.unstack(tf.reshape(x, [count, ...x.shape.slice(batchDims)]));
  const ids = flat(indices);
  const parts = flat(dy).map((own, i) => scatteredOne(own, shape.slice(batchDims), ids[i]!, along - batchDims));
  return tf.reshape(tf.stack(parts), shape);
}

function scatteredOne(dy: tf.Tensor, shape: number[], indices: tf.Tensor, axis: number): tf.Tensor {
  const [before, after] = [shape.slice(0, axis), shape.slice(axis + 1)];
  const [outer, inner] = [before, after].map((sizes) => tf.util.sizeFromShape(sizes)) as [number, number];
  const values = tf.transpose(tf.reshape(dy, [outer, indices.size, inner]), [1, 0, 2]);
  const ids = tf.reshape(indices, [indices.size]) as tf.Tensor1D;
  const summed = tf.unsortedSegmentSum(values, tf.cast(ids, "int32"), shape[axis]!);
  return tf.reshape(tf.transpose(summed, [1, 0, 2]), shape);
}

/** What lies beyond either edge, folded back; tfjs's own gradient leaves it out. */
function unmirrored(
  dy: tf.Tensor,
  axis: number,
  [before, after]: [number, number],
  size: number,
  mode: "reflect" | "symmetric",
): tf.Tensor {
  const edge = mode === "reflect" ? 1 : 0;
  const part = (from: number, count: number): tf.Tensor =>
    tf.slice(
      dy,
      dy.shape.map((_, i) => (i === axis ? from : 0)),
      dy.shape.map((all, i) => (i === axis ? count : all)),
    );
  const placed = (x: tf.Tensor, from: number): tf.Tensor =>
    tf.pad(
      tf.reverse(x, axis),
      x.shape.map((count, i): [number, number] => (i === axis ? [from, size - from - count] : [0, 0])),
    );
  let folded = part(before, size);
  if (before > 0) folded = tf.add(folded, placed(part(0, before), edge));
  if (after > 0) folded = tf.add(folded, placed(part(before + size, after), size - edge - after));
  return folded;
}
