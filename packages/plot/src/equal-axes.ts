import { type Axis, axisOption, type ChartFrame, type Margins, sizeOf } from "./chart.ts";

/** Both axes around the origin, at least so wide, a unit being as long on one as on the other. */
export function equalAxes(
  frame: ChartFrame,
  { left, right, top, bottom }: Margins,
  [x, y]: readonly [Axis, Axis],
  [reachX, reachY]: readonly [number, number],
): [Axis, Axis] {
  const { width, height } = sizeOf(frame);
  const [across, down] = [width - left - right, height - top - bottom];
  const perPixel = Math.max((2 * reachX) / across, (2 * reachY) / down);
  const half = [(perPixel * across) / 2, (perPixel * down) / 2] as const;
  return [
    { ...x, min: -half[0], max: half[0] },
    { ...y, min: -half[1], max: half[1] },
  ];
}

/** The ends of an axis that are no round numbers go unmarked. */
export function bareEnds(axis: Axis, direction: "x" | "y"): object {
  const option = axisOption(axis, direction) as { readonly axisLabel: object };
  if (axis.min === undefined) return option;
  return { ...option, axisLabel: { ...option.axisLabel, showMinLabel: axis.min === 0, showMaxLabel: false } };
}
