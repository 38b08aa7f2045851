import type { OnnxDim } from "../../messages.ts";
import { INT64 } from "../../data-types.ts";
import { anything, indices } from "../element-types.ts";
import { shapeText } from "../fact.ts";
import type { Dims, NodeFacts, Outcome } from "../node-facts.ts";
import { type Form, narrower, operator, type Operators } from "../operator.ts";

/** Rows along an axis. */
function gather(facts: NodeFacts): readonly Outcome[] {
  const [x, at] = [facts.shape(0), facts.shape(1)];
  facts.requireAtLeast(0, 1);
  if (!x || !at) return [];
  const axis = facts.axis(facts.int("axis", 0), x.length);
  const size = x[axis]!;
  const picked = facts.numbers(1);
  if (typeof size === "number" && picked?.some((i) => i < -size || i >= size)) {
    facts.fail(`picks [${picked.join(", ")}] from axis ${axis} of ${shapeText(x)}`);
  }
  const values = facts.values(0);
  return [
    { shape: [...x.slice(0, axis), ...at, ...x.slice(axis + 1)], values: values && picked?.map((i) => values.at(i)!) },
  ];
}

interface Cut {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

function slice(facts: NodeFacts): readonly Outcome[] {
  const x = facts.shape(0);
  if (!x) return [];
  const [starts, ends] = [facts.numbers(1), facts.numbers(2)];
  const axes = facts.has(3) ? facts.numbers(3) : starts?.map((_, i) => i);
  const steps = facts.has(4) ? facts.numbers(4) : starts?.map(() => 1);
  if (!starts || !ends || !axes || !steps) return [{ shape: x.map(() => null) }];
  if ([ends, axes, steps].some(({ length }) => length !== starts.length) || steps.includes(0)) {
    facts.fail(
      `cuts from [${starts.join(", ")}] to [${ends.join(", ")}] on axes [${axes.join(", ")}] by [${steps.join(", ")}]`,
    );
  }
  const cuts = facts
    .axes(axes, x.length)
    .map((axis, i): Cut => ({ axis, from: starts[i]!, to: ends[i]!, step: steps[i]! }));
  const shape = x.map((dim, axis) => {
    const cut = cuts.find((one) => one.axis === axis);
    return cut ? (placesOf(cut, dim)?.length ?? null) : dim;
  });
  return [{ shape, values: slicedValues(facts.values(0), cuts[0]) }];
}

function slicedValues(values: Dims | undefined, cut: Cut | undefined): Dims | undefined {
  const places = values && cut && placesOf(cut, values.length);
  return places && Array.from({ length: places.length }, (_, i) => values[places.start + i * cut.step]!);
}

/** Where a cut begins and how many elements it takes of an axis whose size is known. */
function placesOf(
  { from, to, step }: Cut,
  size: OnnxDim,
): { readonly start: number; readonly length: number } | undefined {
  if (typeof size !== "number") return undefined;
  const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
  const within = (place: number) => Math.min(Math.max(place < 0 ? place + size : place, least), most);
  const start = within(from);
  return { start, length: Math.max(0, Math.ceil((within(to) - start) / step)) };
}

const padModes = ["constant", "reflect", "edge", "wrap"];

function pad(facts: NodeFacts): readonly Outcome[] {
  const mode = facts.text("mode", "constant");
  if (!padModes.slice(0, facts.opset < 19 ? 3 : 4).includes(mode)) facts.fail(`has "mode" ${mode}`);
  const [x, pads] = [facts.shape(0), facts.numbers(1)];
  if (!x) return [];
  const axes = facts.has(3) ? facts.numbers(3) : x.map((_, axis) => axis);
  if (!pads || !axes) return [{ shape: x.map(() => null) }];
  if (pads.length !== 2 * axes.length) facts.fail(`has pads [${pads.join(", ")}] for ${axes.length} axes`);
  const counted = facts.axes(axes, x.length);
  const added = (axis: number): number => {
    const at = counted.indexOf(axis);
    return at < 0 ? 0 : pads[at]! + pads[at + counted.length]!;
  };
  return [{ shape: x.map((dim, axis) => widened(facts, dim, added(axis))) }];
}

function widened(facts: NodeFacts, dim: OnnxDim, by: number): OnnxDim {
  if (by === 0) return dim;
  if (typeof dim !== "number") return null;
  return dim + by >= 0 ? dim + by : facts.fail(`cuts ${-by} off an axis of ${dim}`);
}

const padded: Form = {
  inputs: ["T", "I", "T?"],
  outputs: ["T"],
  types: { T: anything, I: [INT64] },
  attributes: { mode: "string" },
};
const paddedAlong: Form = {
  ...padded,
  since: 18,
  inputs: ["T", "I", "T?", "J?"],
  types: { ...padded.types, J: indices },
};
const types = { T: anything, I: indices };

export const picking: Operators = {
  Gather: operator({ inputs: ["T", "I"], outputs: ["T"], types, attributes: { axis: "int" } }, gather),
  Pad: operator([narrower(21, paddedAlong), paddedAlong, padded], pad),
  Slice: operator({ inputs: ["T", "I", "I", "I?", "I?"], outputs: ["T"], types }, slice),
};
